"""Finds a proxy named in the environment, which is never used, so that an error can say that it was ignored."""

from __future__ import annotations

import os
import urllib.request

_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

#: The metadata service of the vendor's machines, which is never behind a proxy.
_METADATA = "100.100.100.200"


def unused_proxy(host: str, remedy: str) -> str:
    """Return a clause for the error of a failed connection; an empty one if no variable names a proxy for the host.

    :param host: the host that could not be reached
    :param remedy: what to do if the host is behind a proxy, as an imperative
    """
    name = next((name for each in _NAMES for name in (each, each.lower()) if os.environ.get(name)), None)
    if name is None or host == _METADATA or urllib.request.proxy_bypass(host):
        return ""
    return f"; {name} is set in the environment and is ignored here: if the service is behind a proxy, {remedy}"
