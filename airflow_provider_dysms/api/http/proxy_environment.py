"""What the environment says about proxies. It is never used; an error may say that it was not."""

from __future__ import annotations

import os
import urllib.request

_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

#: Never behind a proxy: the metadata service of the vendor's machines.
_METADATA = "100.100.100.200"


def unused_proxy(host: str, remedy: str) -> str:
    """Return a clause for the error of a failed connection, or nothing if no variable names a proxy for the host.

    :param host: that could not be reached
    :param remedy: what to do if the host is reached through a proxy, an imperative
    """
    name = next((name for each in _NAMES for name in (each, each.lower()) if os.environ.get(name)), None)
    if name is None or host == _METADATA or urllib.request.proxy_bypass(host):
        return ""
    return f"; {name} is set in the environment and is ignored here: if the service is behind a proxy, {remedy}"
