"""Yields the lines of an archived file, unzipped, in bounded memory; a line that is too long is skipped, not kept.

A file of today may grow while it is read. What it had when it was opened is read; the rest is for the next run.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError

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
    :raises DysmsStorageError: only the beginning of a gzip file is there; its upload may be under way
    """
    file.seek(0)
    is_gzip = file.read(len(_GZIP)) == _GZIP
    end = max_file_bytes + 1 if is_gzip else file.seek(0, io.SEEK_END)
    file.seek(0)
    source = io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"), _BUFFER) if is_gzip else file
    number = size = 0
    limit = max_line_bytes + 1
    try:
        while line := source.readline(limit if size + limit < end else end - size):
            number += 1
            size += len(line)
            is_too_long = len(line) > max_line_bytes
            while is_too_long and line and not line.endswith(b"\n") and size <= max_file_bytes:
                line = source.readline(min(_BUFFER, end - size))
                size += len(line)
            if size > max_file_bytes:
                raise DysmsInputError(
                    "receipts_uri", f"finds {name}, which has more than {max_file_bytes} bytes, unzipped; split it"
                )
            if size == end and not line.endswith(b"\n") and file.seek(0, io.SEEK_END) > end:
                break  # its writer is in the middle of this line
            if is_too_long:
                yield number, None
            elif line := line.strip():
                yield number, line
    except EOFError:
        raise DysmsStorageError(
            f"receipts_uri finds {name}, of which only a part is there: it ends after line {number}; run the task "
            "again when its writer has finished"
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise DysmsInputError(
            "receipts_uri",
            f"finds {name}, which is not a gzip file, or a damaged one; its reading ended at line {number}",
        ) from None
    finally:
        if source is not file:
            source.close()
