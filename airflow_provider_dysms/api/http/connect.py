"""Opens a TCP connection to the first address of a host that accepts it, although other addresses may not respond.

Follows RFC 8305 ("Happy Eyeballs"). asyncio can do it too (``happy_eyeballs_delay``), but uvloop cannot.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import socket
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Seconds until the next address is tried while the earlier ones have not responded; recommended by RFC 8305.
ATTEMPT_DELAY = 0.25


class Address(NamedTuple):
    """One address of a host, as ``getaddrinfo`` returns it."""

    family: int
    protocol: int
    sockaddr: tuple[Any, ...]


async def open_socket(
    host: str, port: int, *, within: float, first: Address | None = None
) -> tuple[socket.socket, Address]:
    """Connect to the address of a host that responds first.

    :param host: host name or IP address
    :param port: 1 to 65535
    :param within: seconds until the caller gives up; the next address is tried after a share of them
    :param first: the address to try first, if the host still has it; default: the resolver's first
    :returns: the connected, non-blocking socket and its address
    :raises OSError: no address accepted the connection; the error is that of the last failed attempt
    """
    addresses = await _addresses(host, port)
    if first in addresses:
        addresses.sort(key=lambda address: address != first)
    delay = min(ATTEMPT_DELAY, within / (len(addresses) + 1))
    untried, running = deque(addresses), set[asyncio.Task[tuple[socket.socket, Address]]]()
    failure = OSError(f"{host} has no address")
    try:
        while untried or running:
            if untried:
                running.add(asyncio.create_task(_connect(untried.popleft())))
            done, _ = await asyncio.wait(
                running, timeout=delay if untried else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    running.discard(task)
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                running.discard(task)
                failure = error
        raise failure
    finally:
        await _give_up(running)


async def _addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host in the resolver's order, alternating between IPv6 and IPv4."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    else:  # without the resolver, which would need a thread
        return [Address(socket.AF_INET if version == 4 else socket.AF_INET6, socket.IPPROTO_TCP, (host, port))]
    by_family: dict[int, list[Address]] = defaultdict(list)
    for family, _, protocol, _, sockaddr in found:
        by_family[family].append(Address(family, protocol, sockaddr))
    alternating = itertools.chain.from_iterable(itertools.zip_longest(*by_family.values()))
    return list(dict.fromkeys(address for address in alternating if address is not None))


async def _connect(address: Address) -> tuple[socket.socket, Address]:
    connecting = socket.socket(address.family, socket.SOCK_STREAM, address.protocol)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, address.sockaddr)
    except BaseException:
        connecting.close()
        raise
    return connecting, address


async def _give_up(running: Iterable[asyncio.Task[tuple[socket.socket, Address]]]) -> None:
    tasks = list(running)
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(ended, BaseException):  # it connected too, but later
            ended[0].close()
