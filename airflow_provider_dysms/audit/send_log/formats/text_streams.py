"""The bytes of a file in bounded pieces: decompressed, in UTF-8 whatever they were written in, no line too long.

A file of any size passes through 64 KiB of memory.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import itertools
import zlib
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.table import unreadable
from airflow_provider_dysms.audit.send_log.options import AUTO, LogOptions, Notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

CHUNK = 65_536

#: Bytes by which the kind and the encoding of a file are told.
HEAD = 4096

_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TooLong(Exception):
    """A line goes on for more bytes than one may have."""


class Source:
    """The bytes of one file, decompressed if they are a gzip file; it can be read more than once.

    :param name: of the file, for errors
    :param file: open for reading; it is left open
    :param options: how the log is written
    """

    def __init__(self, name: str, file: BinaryIO, options: LogOptions) -> None:
        self.name = name
        self.options = options
        self.encoding: str | None = None  # once it is known
        self.delimiter: str | None = None  # of a CSV file, once it is known
        self._file = file
        with whole(name):
            file.seek(0)
            self.is_gzip = file.read(len(_GZIP)) == _GZIP
            self.head = self.open().read(HEAD)

    def open(self) -> BinaryIO:
        """Return the file at its first byte."""
        self._file.seek(0)
        return gzip.GzipFile(fileobj=self._file, mode="rb") if self.is_gzip else self._file  # type: ignore[return-value]

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes.

        :raises DysmsInputError: there are more than a file may have
        """
        file = self.open()
        size, limit = 0, self.options.max_file_bytes
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise self.too_large()
            yield chunk

    def too_large(self) -> Exception:
        """Return the error of a file that has too many bytes."""
        unzipped = "after it is decompressed" if self.is_gzip else "in all"
        limit = self.options.max_file_bytes
        return unreadable(
            self.name, f"has more than {limit} bytes {unzipped}; split it, or raise max_file_bytes if that is its size"
        )


class TextBytes(io.RawIOBase):
    """The text of a file as bytes in UTF-8 without a mark.

    :param source: the file
    :param notes: told which encoding was found, if it was to be found
    :param ends: characters that end a line
    :param records: whether a record may have more than one line; then ``since_record`` is set to 0 after each
    :raises TooLong: while it is read; a line, or a record, goes on for too long
    """

    def __init__(self, source: Source, notes: Notes, *, ends: bytes = b"\n", records: bool = False) -> None:
        super().__init__()
        self.since_record = 0
        self._limit = source.options.max_line_bytes
        self._ends = ends
        self._records = records
        self._chunks = filter(None, _in_utf8(source, notes))
        self._rest = memoryview(b"")
        self._open_line = 0

    def readable(self) -> bool:
        """Say that it can be read, as :class:`io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read into a buffer; return how many bytes, 0 at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        into = memoryview(buffer)
        # Not more than a line may have: so a line that is too long goes over the end of a piece.
        piece = self._rest[: min(len(into), self._limit)]
        self._rest = self._rest[len(piece) :]
        into[: len(piece)] = piece
        self._measure(bytes(piece))
        return len(piece)

    def _measure(self, piece: bytes) -> None:
        found = [place for end in self._ends if (place := piece.find(end)) >= 0]
        if self._open_line + min(found, default=len(piece)) > self._limit:
            raise TooLong
        last = max(piece.rfind(end) for end in self._ends)
        self._open_line = len(piece) - 1 - last if found else self._open_line + len(piece)
        self.since_record += len(piece)
        if self._records and self.since_record > self._limit + 2 * CHUNK:  # what is read ahead is of the next record
            raise TooLong


def too_long(source: Source, number: int) -> Exception:
    """Return the error of a line without an end."""
    problem = f"is longer than {source.options.max_line_bytes} bytes; end the line, or raise max_line_bytes"
    return unreadable(f"{source.name}:{number}", problem)


def encoding_of(source: Source, notes: Notes) -> str:
    """Return the encoding that a file of text is in.

    :raises DysmsInputError: it is not in the one that it should be in, as far as its first bytes tell
    """
    wanted = source.options.encoding
    marked = next((name for mark, name in _MARKS if source.head.startswith(mark)), None)
    if wanted not in (None, AUTO):
        if wanted in ("utf-16", "utf-32") and marked != wanted:
            problem = f"has no byte order mark, so encoding={wanted!r} does not say which half is first"
            raise unreadable(source.name, f"{problem}; name '{wanted}-le' or '{wanted}-be'")
        return wanted
    if wanted is None and marked in ("utf-16", "utf-32"):
        problem = f"is not in UTF-8 but in {marked.upper()}; set encoding={marked!r}, or save it as UTF-8"
        raise unreadable(source.name, problem)
    if marked is None and (half := _unmarked(source.head)):
        problem = f"is not in UTF-8, but looks like UTF-16 without a byte order mark; set encoding={half!r}"
        raise unreadable(source.name, f"{problem}, or save it as UTF-8")
    if wanted is None:
        return "utf-8"
    for candidate in (marked,) if marked else ("utf-8", "gb18030"):
        if _is_in(source, candidate):
            notes.add(source.name, f"The encoding is {candidate.upper()}")
            return candidate
    raise unreadable(source.name, "is in neither UTF-8, UTF-16 nor GB18030; set encoding")


def _unmarked(head: bytes) -> str | None:
    """Every second byte of ASCII in UTF-16 is 0."""
    zeros = [head[half::2].count(0) for half in (0, 1)]
    if sum(zeros) < max(2, len(head) / 8):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _is_in(source: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with whole(source.name):
            for chunk in source.chunks():
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _in_utf8(source: Source, notes: Notes) -> Iterator[bytes]:
    encoding = source.encoding = source.encoding or encoding_of(source, notes)
    chunks = source.chunks()
    if encoding == "utf-8":
        yield next(chunks, b"").removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    line, is_first = 1, True
    try:
        for chunk in itertools.chain(chunks, (b"",)):
            text = decoder.decode(chunk, final=not chunk)
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            line += text.count("\n")
            yield text.encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise unreadable(f"{source.name}:{line}", f"is not in {encoding}; set encoding") from None


@contextlib.contextmanager
def whole(name: str) -> Iterator[None]:
    """Say of which file a damaged gzip file is."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise unreadable(name, "is no gzip file, or only a part of one") from None
