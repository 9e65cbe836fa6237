"""The ETags of OSS have capital letters, those of S3 small ones.

https://www.alibabacloud.com/help/en/oss/developer-reference/compatibility-with-amazon-s3
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ELEMENT = re.compile(rb"<ETag>[^<]*")
_DIGEST = re.compile(rb"[0-9A-Fa-f]{32}")


def with_etags(document: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return an XML document, or any other body, with each ETag in it changed.

    :param change: such as ``bytes.upper``
    """
    return _ELEMENT.sub(lambda element: _DIGEST.sub(lambda digest: change(digest[0]), element[0]), document)
