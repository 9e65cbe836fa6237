"""The types between the client and its HTTP engines: a signed request, its response, and the transport protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Response(PrivateStruct, frozen=True):
    """A response.

    :param status: HTTP status
    :param raw_headers: values by name in lower case, as received
    :param body: as received
    :param is_first: whether it is the first response of its connection; ``None`` if unknown
    """

    status: int
    raw_headers: dict[bytes, bytes]
    body: bytes
    is_first: bool | None = None

    _repr_fields = ("status",)

    @property
    def headers(self) -> dict[str, str]:
        """The headers as text."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers.items()}


class Request(PrivateStruct, frozen=True):
    """A signed request.

    :param method: HTTP method
    :param target: path and query, as on the request line
    :param headers: lines of :func:`.headers.header_lines`
    :param body: bytes; default: none
    """

    method: str
    target: str
    headers: str
    body: bytes = b""

    _repr_fields = ("method",)


#: Reads a response, and returns whether it proves that it belongs to its request; see :meth:`Transport.send`.
Accept = Callable[[Response], bool]


def accept_all(response: Response) -> bool:
    """Accept every response."""
    return True


class Transport(Protocol):
    """Sends requests to one endpoint."""

    async def send(
        self, sign: Callable[[], Awaitable[Request]], accept: Accept = accept_all, *, fresh: bool = False
    ) -> Response:
        """Send the request that ``sign`` returns; ``sign`` is awaited when a connection is ready for the request.

        :param sign: returns the signed request
        :param accept: reads the response before its connection carries another request, and returns whether the
            response proves that it belongs to this request; if not, the connection must stay silent for a while. If
            ``accept`` raises, the connection is closed
        :param fresh: use a connection that has carried no request before
        :raises DysmsTransportError: no response came
        :raises DysmsUnreadable: the response is not HTTP, or too large
        :raises DysmsMismatched: more bytes arrived than the response
        """

    async def aclose(self) -> None:
        """Close every connection."""
