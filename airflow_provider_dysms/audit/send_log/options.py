"""The options that describe the files of a send log: format, encoding, delimiter, times and size limits."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import partial
from typing import get_args

from airflow_provider_dysms.audit.send_log.parse_times import TimeParser
from airflow_provider_dysms.model.choices import Binary, SentFormat
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

#: The value of ``encoding`` that tries UTF-8, UTF-16 if the file begins with its byte order mark, and GB18030.
AUTO = "auto"

#: Default limits, in bytes; files count after decompression.
MAX_LINE_BYTES = 1024**2
MAX_FILE_BYTES = 4 * 1024**3

# Codecs that Python counts as encodings of text, but that are not used for files.
_NOT_FOR_FILES = {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The options that describe the files of a send log; they are checked on creation.

    :param sent_format: the format of every file: ``csv``, ``jsonl``, ``parquet`` or ``text`` (one number per line);
        default: detected from the first bytes and the name of each file
    :param encoding: a codec of Python, such as ``gb18030``, or ``auto``; default: UTF-8, with or without a byte order
        mark
    :param delimiter: one character between the cells of a CSV file; default: the one of ``,``, ``;``, tab and ``|``
        with which the header has every column that must be read
    :param time_format: the format of ``sent_at`` in codes of :meth:`~datetime.datetime.strptime`; default: every
        form that can be read in one way only
    :param timezone: IANA name of the zone of times without an offset; default: ``Asia/Shanghai``
    :param binary: ``hex``: carried columns of bytes (Parquet) are written as hexadecimal digits; default: the bytes
        must be text in ``encoding``
    :param multiline: whether any quoted cell of a CSV file may have line ends in it; default: only in columns other
        than ids, numbers and times, and only in 1 % of the lines
    :param max_line_bytes: the maximum size of a line of a text file, or of a cell of a Parquet file
    :param max_file_bytes: the maximum size of a file after decompression
    :raises DysmsInputError: one of them is not valid
    """

    sent_format: SentFormat | None = None
    encoding: str | None = None
    delimiter: str | None = None
    time_format: str | None = None
    timezone: str | None = None
    binary: Binary | None = None
    multiline: bool = False
    max_line_bytes: int = MAX_LINE_BYTES
    max_file_bytes: int = MAX_FILE_BYTES
    times: TimeParser = field(init=False, compare=False)

    def __post_init__(self) -> None:
        set_field = partial(object.__setattr__, self)
        if self.sent_format is not None and self.sent_format not in get_args(SentFormat):
            known = ", ".join(get_args(SentFormat))
            raise DysmsInputError("sent_format", f"must be one of {known}, not {safe_repr(self.sent_format)}")
        if self.binary is not None and self.binary not in get_args(Binary):
            known = ", ".join(get_args(Binary))
            raise DysmsInputError("binary", f"must be one of {known}, not {safe_repr(self.binary)}")
        if not isinstance(self.multiline, bool):
            raise DysmsInputError("multiline", f"must be True or False, not {safe_repr(self.multiline)}")
        set_field("encoding", _codec(self.encoding))
        _check_delimiter(self.delimiter)
        for name in ("max_line_bytes", "max_file_bytes"):
            size = getattr(self, name)
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise DysmsInputError(name, f"must be a number of bytes, at least 1, not {safe_repr(size)}")
        set_field("times", TimeParser(self.time_format, self.timezone))


def _codec(encoding: object) -> str | None:
    """Return Python's name of an encoding; ``None`` stands for UTF-8."""
    if encoding is None:
        return None
    if isinstance(encoding, str) and encoding.strip().lower() == AUTO:
        return AUTO
    try:
        codec = codecs.lookup(encoding.strip())  # type: ignore[attr-defined]
        is_of_text = "1".encode(codec.name).decode(codec.name) == "1"
    except (LookupError, ValueError, TypeError, AttributeError):
        is_of_text = False
    if not is_of_text or codec.name in _NOT_FOR_FILES:
        raise DysmsInputError(
            "encoding", f"must be 'auto' or an encoding that Python knows, such as 'gb18030', not {safe_repr(encoding)}"
        )
    return None if codec.name in ("utf-8", "utf-8-sig", "ascii") else codec.name


def _check_delimiter(delimiter: object) -> None:
    if delimiter is None:
        return
    is_usable = isinstance(delimiter, str) and len(delimiter) == 1 and not delimiter.isalnum()
    if not is_usable or delimiter in '\r\n\0" ':  # type: ignore[operator]
        problem = "must be one character that is not a letter, digit, blank, quote or line end, such as ';' or '\\t'"
        raise DysmsInputError("delimiter", f"{problem}, not {safe_repr(delimiter)}")
