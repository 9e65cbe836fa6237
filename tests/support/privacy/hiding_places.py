"""Where a canary may hide: files and what is packed in them, tables, and what Airflow has encrypted by its own key."""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

_GZIP = b"\x1f\x8b"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_PARQUET = b"PAR1"

#: Text of base64 that begins as zlib's, gzip's or Fernet's does.
_PACKED = re.compile(rb"(?:e[AFJNabNg-z]|H4sI|gAAAA)[A-Za-z0-9+/_-]{10,}={0,2}")

#: Layers that are taken off.
_DEPTH = 4


def tree(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the names of everything below a folder, and the content of each file, as it lies there."""
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder).as_posix()
        yield f"name of {where}", where.encode()
        if path.is_file():
            yield where, path.read_bytes()


def columns(cells: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield each column of each table as one piece."""
    found: dict[str, list[bytes]] = {}
    for where, cell in cells:
        found.setdefault(where, []).append(cell)
    for where, pieces in found.items():
        yield where, b"\n".join(pieces)


def layers(data: bytes, fernet: Fernet | None = None, depth: int = _DEPTH) -> Iterator[bytes]:
    """Yield data, and all that is packed, compressed or encrypted in it.

    :param fernet: the key that Airflow has. What is sealed under another stays sealed
    """
    yield data
    if not depth:
        return
    for inner in (*_unpacked(data), *(raw for match in _PACKED.finditer(data) for raw in _decoded(match[0], fernet))):
        yield from layers(inner, fernet, depth - 1)


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data.startswith(_GZIP):
        yield gzip.decompress(data)
    elif data.startswith(_ZLIB):
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(data)
    elif data.startswith(_PARQUET):
        import pyarrow.parquet as pq

        table = pq.read_table(io.BytesIO(data))
        yield "\n".join(str(row) for row in table.to_pylist()).encode()


def _decoded(token: bytes, fernet: Fernet | None) -> Iterator[bytes]:
    if token.startswith(b"gAAAA"):
        if fernet is not None:
            with contextlib.suppress(InvalidToken):
                yield fernet.decrypt(token)
        return
    with contextlib.suppress(binascii.Error, zlib.error, OSError, EOFError):
        raw = base64.b64decode(token.replace(b"-", b"+").replace(b"_", b"/"))
        yield gzip.decompress(raw) if raw.startswith(_GZIP) else zlib.decompress(raw)
