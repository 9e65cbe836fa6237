"""One signed request out; status, headers and bytes back.

HTTP/1.1 over asyncio, parsed by httptools, which every Airflow install has. It is our own for what an audit needs and
general clients do not give: a deadline on the whole exchange, a bound on what a hostile server can make us hold, no
redirects, no log line with the URL in it (the number is in there), and a request that is signed and counted against the
budget only once a connection stands ready to carry it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Response(PrivateStruct, frozen=True):
    """What came back.

    :param raw_headers: as they came, by their names in lower case
    :param is_first: whether it is the first response of its connection; ``None`` if that is not known
    """

    status: int
    raw_headers: dict[bytes, bytes]
    body: bytes
    is_first: bool | None = None

    _repr_fields = ("status",)

    @property
    def headers(self) -> dict[str, str]:
        """The headers as texts, which hardly anybody asks for."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers.items()}


class Request(PrivateStruct, frozen=True):
    """A signed request.

    :param target: path and query, as on the request line
    :param headers: see :mod:`.headers`
    """

    method: str
    target: str
    headers: str
    body: bytes = b""

    _repr_fields = ("method",)


#: The service's own quota, 5,000 a second, with answers that take 40 ms.
CONNECTIONS = 256

_READ_BYTES = 64 * 1024


#: See :meth:`Transport.send`.
Accept = Callable[[Response], bool]


def proven(response: Response) -> bool:
    """Accept every response."""
    return True


class Transport(Protocol):
    """Carries requests to one endpoint."""

    async def send(
        self, sign: Callable[[], Awaitable[Request]], accept: Accept = proven, *, fresh: bool = False
    ) -> Response:
        """Send the request that ``sign`` returns; it is awaited when the request can leave at once.

        :param accept: reads the response before its connection carries anything else, and says whether the response
            proves that it belongs to the request; if not, the connection must stay silent for a while. If ``accept``
            raises, the connection is closed
        :param fresh: on a connection that has carried nothing before
        :raises DysmsTransportError: no answer
        :raises DysmsUnreadable: an answer that is not HTTP, or too large
        :raises DysmsMismatched: more came than the response
        """

    async def aclose(self) -> None:
        """Close every connection."""
