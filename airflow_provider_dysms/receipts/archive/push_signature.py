"""Verifies the signature of a request that Huawei pushed, if push authentication is switched on.

The algorithm is SDK-HMAC-SHA256, as for the APIs of Huawei Cloud:
https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html. Alibaba Cloud signs no receipts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.receipts.formats.values import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "SDK-HMAC-SHA256"

#: Headers of a request that are read.
MAX_HEADERS = 200

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Access=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-fA-F]{{64}})\s*"
)


class PushKey(PrivateStruct, frozen=True):
    """The key of push authentication.

    :param access_key: the key's id
    :param secret: the key itself
    :param path: of the address that receives pushes, with its query if it has one, if the archive does not keep it
    """

    access_key: str
    secret: str
    path: str = "/"

    def check(self, headers: Mapping[str, str], body: bytes, path: str | None = None) -> None:
        """Check the signature of a request.

        :param headers: of the request, names in any case
        :param body: as it was received
        :param path: at which it was received; default: that of the key
        :raises Unreadable: it is not signed, or not with this key
        """
        folded = {name.lower(): value for name, value in headers.items()}
        found = _AUTHORIZATION.fullmatch(folded.get("authorization", "").strip())
        if found is None:
            raise Unreadable(f"has no signature ({ALGORITHM}), but a key of push authentication is set", "unsigned")
        access_key, signed_headers, signature = found.groups()
        expected = self.signature(folded, signed_headers.lower().split(";"), body, path or self.path)
        if access_key != self.access_key or not hmac.compare_digest(expected, signature.lower()):
            raise Unreadable("has a signature that is not of the key of push authentication", "bad_signature")

    def signature(self, headers: Mapping[str, str], signed: list[str], body: bytes, path: str) -> str:
        """Return the signature of a request, as hexadecimal digits.

        :param headers: by name in lower case
        :param signed: names of the headers that are signed
        :raises Unreadable: it cannot be signed
        """
        if "x-sdk-date" not in signed or len(signed) > MAX_HEADERS:
            raise Unreadable("has a signature without the header X-Sdk-Date", "bad_signature")
        try:
            parts = urlsplit(path)
        except ValueError:
            raise Unreadable("has a signature, and a path that cannot be read", "bad_signature") from None
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
        )
        canonical = "\n".join(
            (
                "POST",
                parts.path if parts.path.endswith("/") else f"{parts.path}/",
                query,
                *(f"{name}:{headers.get(name, '').strip()}" for name in signed),
                "",
                ";".join(signed),
                hashlib.sha256(body).hexdigest(),  # x-sdk-content-sha256 may be of another body
            )
        )
        to_sign = f"{ALGORITHM}\n{headers.get('x-sdk-date', '')}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        return hmac.new(self.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
