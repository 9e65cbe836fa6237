"""Yields the lines of an archived file, unzipped, in bounded memory; a line that is too long is skipped, not kept."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP = b"\x1f\x8b"
_BUFFER = 262_144


def lines_of(
    name: str, file: BinaryIO, *, max_line_bytes: int, max_file_bytes: int
) -> Iterator[tuple[int, bytes | None]]:
    """Yield number, from 1, and bytes of each line that is not blank; ``None`` for a line that is too long.

    :param name: of the file, for errors
    :param file: open at any place, seekable
    :param max_line_bytes: largest line, with its end
    :param max_file_bytes: largest file, after it is unzipped
    :raises DysmsInputError: the file is too large, or a damaged gzip file
    """
    file.seek(0)
    is_gzip = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    source = io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"), _BUFFER) if is_gzip else file
    number = size = 0
    try:
        while line := source.readline(max_line_bytes + 1):
            number += 1
            size += len(line)
            is_too_long = len(line) > max_line_bytes
            while is_too_long and line and not line.endswith(b"\n"):
                line = source.readline(_BUFFER)
                size += len(line)
                _check_size(name, size, max_file_bytes)
            _check_size(name, size, max_file_bytes)
            if is_too_long:
                yield number, None
            elif line := line.strip():
                yield number, line
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DysmsInputError(
            "receipts_uri",
            f"finds {name}, which is not a gzip file, or only part of one; its reading ended at {number}",
        ) from None
    finally:
        if source is not file:
            source.close()


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise DysmsInputError("receipts_uri", f"finds {name}, which has more than {limit} bytes, unzipped; split it")
