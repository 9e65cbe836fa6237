"""Streams the bytes of a text file in small pieces: decompresses, converts to UTF-8, and limits the length of lines.

A file of any size needs only 64 KiB of memory.
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
from airflow_provider_dysms.audit.send_log.options import AUTO, LogOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from airflow_provider_dysms.audit.send_log.notes import Notes

#: Bytes that are read at once.
CHUNK = 65_536

#: Bytes at the beginning of a file from which its format and encoding are detected.
HEAD = 4096

_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TooLong(Exception):
    """A line is longer than the limit."""


class Source:
    """The bytes of one file, decompressed if it is a gzip file; they can be read more than once.

    :param name: the name of the file, for errors
    :param file: open for reading; it is left open
    :param options: formats, encodings and limits
    """

    def __init__(self, name: str, file: BinaryIO, options: LogOptions) -> None:
        self.name = name
        self.options = options
        self.encoding: str | None = None  # set when it is known
        self.delimiter: str | None = None  # of a CSV file, set when it is known
        self._file = file
        with damage_as_input_error(name):
            file.seek(0)
            self.is_gzip = file.read(len(_GZIP)) == _GZIP
            self.head = self.open().read(HEAD)

    def open(self) -> BinaryIO:
        """Return the file at its first byte."""
        self._file.seek(0)
        return gzip.GzipFile(fileobj=self._file, mode="rb") if self.is_gzip else self._file  # type: ignore[return-value]

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes.

        :raises DysmsInputError: the file exceeds ``max_file_bytes``
        """
        file = self.open()
        size, limit = 0, self.options.max_file_bytes
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise self.too_large()
            yield chunk

    def too_large(self) -> Exception:
        """Return the error for a file that exceeds ``max_file_bytes``."""
        unzipped = " after decompression" if self.is_gzip else ""
        limit = self.options.max_file_bytes
        return unreadable(
            self.name, f"has more than {limit} bytes{unzipped}; split it, or raise max_file_bytes if this is its size"
        )


class TextBytes(io.RawIOBase):
    """The text of a file as bytes in UTF-8 without a byte order mark.

    :param source: the file
    :param notes: collects findings, such as a detected encoding
    :param ends: characters that end a line
    :param records: whether a record may span several lines; then the reader must set ``since_record`` to 0 after each
    :raises TooLong: while it is read: a line or a record is too long
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
        """Return ``True``, which :class:`io.BufferedReader` requires."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read into a buffer; return the number of bytes, 0 at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        into = memoryview(buffer)
        # A piece is at most as long as a line may be, so a line that is too long continues after the end of a piece.
        piece = self._rest[: min(len(into), self._limit)]
        self._rest = self._rest[len(piece) :]
        into[: len(piece)] = piece
        self._measure(bytes(piece))
        return len(piece)

    def _measure(self, piece: bytes) -> None:
        found = [index for end in self._ends if (index := piece.find(end)) >= 0]
        if self._open_line + min(found, default=len(piece)) > self._limit:
            raise TooLong
        last = max(piece.rfind(end) for end in self._ends)
        self._open_line = len(piece) - 1 - last if found else self._open_line + len(piece)
        self.since_record += len(piece)
        if self._records and self.since_record > self._limit + 2 * CHUNK:  # the text reader reads ahead
            raise TooLong


def too_long(source: Source, number: int) -> Exception:
    """Return the error for a line that exceeds ``max_line_bytes``."""
    problem = f"is longer than {source.options.max_line_bytes} bytes; end the line, or raise max_line_bytes"
    return unreadable(f"{source.name}:{number}", problem)


def encoding_of(source: Source, notes: Notes) -> str:
    """Return the encoding of a text file.

    :raises DysmsInputError: its first bytes show that it is not in the expected encoding
    """
    wanted = source.options.encoding
    marked = next((name for mark, name in _MARKS if source.head.startswith(mark)), None)
    if wanted not in (None, AUTO):
        if wanted in ("utf-16", "utf-32") and marked != wanted:
            problem = f"has no byte order mark, so encoding={wanted!r} does not say which byte comes first"
            raise unreadable(source.name, f"{problem}; set '{wanted}-le' or '{wanted}-be'")
        return wanted
    if wanted is None and marked in ("utf-16", "utf-32"):
        problem = f"is not in UTF-8 but in {marked.upper()}; set encoding={marked!r}, or save it as UTF-8"
        raise unreadable(source.name, problem)
    if marked is None and (half := _utf16_without_mark(source.head)):
        problem = f"is not in UTF-8, but looks like UTF-16 without a byte order mark; set encoding={half!r}"
        raise unreadable(source.name, f"{problem}, or save it as UTF-8")
    if wanted is None:
        return "utf-8"
    for candidate in (marked,) if marked else ("utf-8", "gb18030"):
        if _is_in(source, candidate):
            notes.add(source.name, f"The encoding is {candidate.upper()}")
            return candidate
    raise unreadable(source.name, "is not in UTF-8, UTF-16 or GB18030; set encoding")


def _utf16_without_mark(head: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark: every second byte of ASCII in it is 0."""
    zeros = [head[half::2].count(0) for half in (0, 1)]
    if sum(zeros) < max(2, len(head) / 8):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _is_in(source: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with damage_as_input_error(source.name):
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
def damage_as_input_error(name: str) -> Iterator[None]:
    """Convert errors of a damaged gzip file into an error that names the file."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise unreadable(name, "is not a gzip file, or only part of one") from None
