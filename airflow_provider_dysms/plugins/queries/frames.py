"""Messages on a pipe: JSON after its length, so that a process can answer one query after another."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from typing import BinaryIO

_LENGTH = struct.Struct(">I")


def pack(message: Any) -> bytes:
    """Return a message as bytes.

    :param message: JSON-able
    """
    content = msgspec.json.encode(message)
    return _LENGTH.pack(len(content)) + content


def unpack(received: bytes | bytearray) -> dict[str, Any] | None:
    """Return the message that has been received; ``None`` if a part of it is missing.

    :raises ValueError: it is not JSON
    """
    length = length_of(received)
    if length is None or len(received) < _LENGTH.size + length:
        return None
    return msgspec.json.decode(bytes(received[_LENGTH.size : _LENGTH.size + length]), type=dict[str, Any])


def length_of(received: bytes | bytearray) -> int | None:
    """Return the bytes of the message that has begun; ``None`` if its length has not been received."""
    return _LENGTH.unpack_from(received)[0] if len(received) >= _LENGTH.size else None


def read_message(stream: BinaryIO, max_bytes: int) -> bytes | None:
    """Return the JSON of the next message, or ``None`` at the end of the stream or if the message is too long."""
    head = stream.read(_LENGTH.size)
    length = length_of(head)
    if length is None or length > max_bytes:
        return None
    content = stream.read(length)
    return content if len(content) == length else None
