"""Chooses the host that serves an API version and a region, and checks that requests may be sent to it.

The host receives an access key's signature and customers' phone numbers. So it must be a host of the vendor over HTTPS,
or this machine, or a host that the user has explicitly allowed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_dysms.api.http.regions import (
    CENTRAL_HOST,
    SERVICE_HOSTS,
    SINGAPORE_HOST,
    STS_HOSTS,
    host_of_region,
)
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

Field = TypeVar("Field", str, int)

#: The host of a version if no region is named. The China site and the international site have separate accounts, and
#: each returns empty results for the accounts of the other.
HOST_OF_VERSION = {"2017-05-25": CENTRAL_HOST, "2018-05-01": SINGAPORE_HOST}

_VENDOR = ".aliyuncs.com"
_DEFAULT_PORT = {"https": 443, "http": 80}

#: The metadata service of an ECS instance: a link-local address of the vendor, over plain HTTP.
METADATA_HOST = "100.100.100.200"

#: Hosts that issue credentials. They do not serve Dysms, so its requests are never sent to them.
_CREDENTIAL_HOSTS = STS_HOSTS | {METADATA_HOST}

#: Only a scheme, a name and a port. A user, path, query, fragment or backslash is refused, because parsers disagree.
_AUTHORITY = re.compile(r"(?:(https?)://)?(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?/?", re.ASCII)
_NAME = re.compile(r"(?!.{254})[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True)
class Endpoint:
    """A host to which requests may be sent.

    :param scheme: ``https`` or ``http``
    :param host: name or address in lower case, an IPv6 address without brackets
    :param port: 1 to 65535
    """

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Value of the ``Host`` header, with the port if it is not the default of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{self.scheme}://{self.netloc}"


def resolve(
    version: str,
    region_id: str | None,
    *,
    host: str | None = None,
    port: int | None = None,
    schema: str | None = None,
    allow_custom: bool = False,
) -> Endpoint:
    """Return the endpoint for the requests of an API version.

    :param version: ``2017-05-25`` or ``2018-05-01``
    :param region_id: such as ``cn-hangzhou``; ``None`` for the version's own site; ignored if there is a ``host``
    :param host: takes precedence over the region; a host name or IP address, or ``https://host:port/``
    :param port: default: that of the scheme
    :param schema: ``https`` or ``http``; default: ``http`` for this machine, else ``https``
    :param allow_custom: whether ``host`` may be a host other than the service's own and this machine
    :raises DysmsInputError: ``host``, ``port``, ``schema`` or ``region_id`` is wrong; the error names it

    Follows https://help.aliyun.com/document_detail/68360.html.
    """
    if version not in HOST_OF_VERSION:
        raise DysmsInputError("version", f"must be one of {', '.join(HOST_OF_VERSION)}")
    scheme = _scheme_of(schema)
    port = _port_of(port)
    if host:
        pasted_scheme, name, pasted_port = parse_address(host)
        scheme = _merge("schema", scheme, pasted_scheme)
        port = _merge("port", port, pasted_port)
    else:
        name = host_of_region(region_id) if region_id else HOST_OF_VERSION[version]
    scheme = _allowed_scheme(name, scheme, SERVICE_HOSTS, allow_custom)
    return Endpoint(scheme, name, port or _DEFAULT_PORT[scheme])


def endpoint_of(argument: str, address: str, *, allow_custom: bool = False) -> Endpoint:
    """Return the endpoint of an address that issues credentials, checked like the service's endpoint.

    :param argument: name of the address, for the error
    :param address: a host, ``host:port`` or ``https://host:port/``
    :param allow_custom: whether it may be a host other than STS, the metadata service and this machine
    :raises DysmsInputError: the address is wrong; the error names ``argument``
    """
    try:
        scheme, name, port = parse_address(address)
        scheme = _allowed_scheme(name, scheme, _CREDENTIAL_HOSTS, allow_custom)
    except DysmsInputError as error:
        raise DysmsInputError(argument, error.problem) from None
    return Endpoint(scheme, name, port or _DEFAULT_PORT[scheme])


def _scheme_of(schema: str | None) -> str | None:
    if not schema:
        return None
    if not isinstance(schema, str) or schema.lower() not in _DEFAULT_PORT:
        raise DysmsInputError("schema", "must be 'https' or 'http', or be left empty")
    return schema.lower()


def _port_of(port: int | None) -> int | None:
    if port is None:
        return None
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        raise DysmsInputError("port", "must be a whole number from 1 to 65535, or be left empty")
    return port


def parse_address(host: str) -> tuple[str | None, str, int | None]:
    """Split a host into scheme, name and port. Errors never quote it, because users paste keys into this field.

    :param host: a host name or an IP address, also with a scheme and a port
    :raises DysmsInputError: it is neither
    """
    text = host.strip(" ").lower() if isinstance(host, str) and host.isascii() else ""
    if text.count(":") > 1 and "[" not in text and "/" not in text:
        text = f"[{text}]"
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise DysmsInputError(
            "host", "must be a host name and nothing else (no user, path or query), such as 'dysmsapi.aliyuncs.com'"
        )
    scheme, address, name, port = match.groups()
    if address is not None:
        name = _address(address)
    else:
        name = name.removesuffix(".")
        if _LOOKS_LIKE_ADDRESS.fullmatch(name):
            name = _address(name)
        elif not _NAME.fullmatch(name):
            raise DysmsInputError("host", "is not a host name: check its dots and hyphens")
    return scheme, name, _port_of(int(port)) if port else None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        # "127.1" and "0x7f000001" are addresses to some resolvers and names to others.
        raise DysmsInputError("host", "is not an IP address; write all four numbers, such as '127.0.0.1'") from None


def _merge(argument: str, given: Field | None, pasted: Field | None) -> Field | None:
    if given is not None and pasted is not None and given != pasted:
        raise DysmsInputError(argument, f"is {given}, but host has {pasted}; set only one of them")
    return pasted if given is None else given


def _allowed_scheme(name: str, scheme: str | None, known: AbstractSet[str], allow_custom: bool) -> str:
    if is_loopback(name) or (name == METADATA_HOST and name in known):
        return scheme or "http"
    if name.endswith(_VENDOR) and scheme == "http":
        raise DysmsInputError("schema", f"must be 'https' for {name}; leave it empty")
    if name not in known and not allow_custom:
        kind, what = ("of the SMS service", "signatures and phone numbers may be sent to")
        if known is _CREDENTIAL_HOSTS:
            kind, what = ("of STS or the metadata service", "credentials may be requested from")
        whose = f" (customers have hosts below {_VENDOR[1:]} too)" if name.endswith(_VENDOR) else ""
        raise DysmsInputError(
            "host",
            f"is not a host {kind}{whose}, nor this machine; if {what} {name}, "
            "set allow_custom_endpoint to true in the extras of the connection",
        )
    return scheme or "https"


def is_loopback(name: str) -> bool:
    """Return whether a host name or address in lower case is this machine."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return address == ipaddress.IPv6Address("::1") or (address.version == 4 and address.is_loopback)
