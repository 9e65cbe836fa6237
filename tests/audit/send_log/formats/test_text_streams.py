"""Text is read in any encoding, in pieces, and lines and files that are too long are refused."""

import gzip
import io

import pytest
from support.send_logs import CHINESE, refusal, table

from airflow_provider_dysms.audit.send_log.formats.text_streams import (
    CHUNK,
    Source,
    TextBytes,
    TooLong,
    damage_as_input_error,
)
from airflow_provider_dysms.audit.send_log.notes import Notes
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

REFUSED = {
    "GB18030, not told": (
        "l.csv",
        table(names=tuple(CHINESE.values())).encode("gb18030"),
        {"columns": CHINESE},
        "save it as UTF-8, or set encoding, such as encoding='gb18030'",
    ),
    "UTF-16, not told": ("l.csv", table().encode("utf-16"), {}, "in UTF-16; set encoding='utf-16'"),
    "UTF-16 without a mark": ("l.csv", table().encode("utf-16-le"), {}, "set encoding='utf-16-le'"),
    "UTF-16 without a mark, whatever it is": (
        "l.csv",
        table().encode("utf-16-be"),
        {"encoding": "auto"},
        "looks like UTF-16 without a byte order mark; set encoding='utf-16-be'",
    ),
    "UTF-16 without a mark, named": (
        "l.csv",
        table().encode("utf-16-be"),
        {"encoding": "utf-16"},
        "'utf-16-le' or 'utf-16-be'",
    ),
    "of none of three encodings": (
        "l.csv",
        table().encode() + b"\xff\xff\n",
        {"encoding": "auto"},
        "not in UTF-8, UTF-16 or GB18030",
    ),
    "of another encoding than told": (
        "l.csv",
        table().encode() + b"\xff\xff\n",
        {"encoding": "gb18030"},
        "l.csv:4 is not in gb18030",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(case):
    name, data, options, hint = REFUSED[case]
    assert hint in refusal(name, data, **options)


def source_of(data, name="l.csv", **options):
    return Source(name, io.BytesIO(data), LogOptions(**options))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_read_more_than_once_and_in_pieces(zipped):
    data = bytes(range(256)) * 1000
    source = source_of(gzip.compress(data) if zipped else data)
    for _ in range(2):
        chunks = list(source.chunks())
        assert b"".join(chunks) == data
        assert max(map(len, chunks)) <= CHUNK


def test_a_file_that_is_too_large_is_refused_while_it_is_read():
    with pytest.raises(DysmsInputError, match=r"l\.csv has more than 10 bytes; split it"):
        list(source_of(b"x" * 11, max_file_bytes=10).chunks())
    with pytest.raises(DysmsInputError, match=r"l\.csv has more than 10 bytes after decompression"):
        list(source_of(gzip.compress(b"x" * 11), max_file_bytes=10).chunks())


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_line_as_long_as_allowed_is_read_and_a_longer_one_is_not(end):
    def lines(length):
        data = (b"x" * length + end) * 3
        return io.BufferedReader(TextBytes(source_of(data, max_line_bytes=100), Notes(), ends=b"\r\n")).read()

    assert len(lines(99)) == 300
    with pytest.raises(TooLong):
        lines(202)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_in_any_encoding_becomes_utf_8_without_a_mark(encoding):
    notes = Notes()
    data = "phone_number,姓名\n".encode(encoding)
    text = io.BufferedReader(TextBytes(source_of(data, encoding="auto"), notes)).read()
    assert text.decode() == "phone_number,姓名\n"
    assert [note.startswith("The encoding is") for note in notes] == [True]


def test_damage_of_a_gzip_file_names_the_file():
    with (
        pytest.raises(DysmsInputError, match=r"l\.csv is not a gzip file, or only part of one"),
        damage_as_input_error("l.csv"),
    ):
        list(source_of(gzip.compress(b"x" * 5000, 0)[:-3000]).chunks())
