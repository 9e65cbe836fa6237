"""A send log is read the same from every format; what is wrong with it is named by its line, or refused at once."""

import gzip
import io
from datetime import date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from support.send_logs import ROWS, as_csv, as_json_lines, as_parquet, read, read_files, refused, table

from airflow_provider_dysms.audit.send_log.log import phone_log, read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
BEIJING = timezone(timedelta(hours=8))
NOON = datetime(2025, 6, 1, 12, 0, tzinfo=BEIJING)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("log.csv", as_csv(ROWS)),
        ("LOG.CSV", b"\xef\xbb\xbf" + as_csv(ROWS)),
        ("log.jsonl", as_json_lines(ROWS)),
        ("log.ndjson", b"\xef\xbb\xbf" + as_json_lines(ROWS)),
        ("log.json", as_json_lines(ROWS)),
        ("s3://bucket/x.y/log.parquet", as_parquet(ROWS)),
    ],
)
def test_every_format_reads_alike(name, data, zipped):
    if zipped:
        name, data = name + ".gz", gzip.compress(data)
    log = read_files((name, data), carry=["user"])
    first, second = log.lines
    assert (first.phone.digits, first.phone.country) == ("13900000000", "CN")
    assert (first.biz_id, first.out_id, first.sent_at, first.carried) == ("1^0", "a", NOON, ("7",))
    assert first.sent_at.utcoffset() == timedelta(0)
    assert first.raw_number == "+86 139-0000-0000"
    assert (second.biz_id, second.out_id, second.sent_at, second.carried) == (None, None, NOON, (None,))
    assert log.has_match_keys
    assert not log.rejected
    assert log.carry == ("user",)


def test_text_has_one_number_a_line_and_is_a_list_of_queries():
    log = read_files(("numbers.TXT.gz", gzip.compress(b"\xef\xbb\xbf13900000000\r\n\r\n  +852 6123 4567 \nnonsense")))
    assert [line.phone and line.phone.digits for line in log.lines] == ["13900000000", "85261234567", None]
    assert [line.where for line in log.lines] == [f"numbers.TXT.gz:{number}" for number in (1, 3, 4)]
    assert not log.has_match_keys
    assert log.rejected[0].rejection[0] == "invalid_number"


def test_a_short_list_is_a_list_of_queries_too():
    log = phone_log(["13900000000", 85261234567, "nonsense"])
    assert [line.rejection is None for line in log.lines] == [True, True, False]
    assert not log.has_match_keys
    assert [line.phone.digits for line in phone_log("13900000000").lines] == ["13900000000"]
    with pytest.raises(DysmsInputError, match=r"^phone_numbers has 1 of 3 lines"):
        log.check_rejected(0)


def test_lines_are_numbered_as_an_editor_does():
    data = b'phone_number,note\n13900000000,"two\nlines"\n\n13900000001,x\n'
    log = read_files(("log.csv", data), options=LogOptions(multiline=True))
    assert [line.number for line in log.lines] == [2, 5]


def test_columns_say_what_the_log_calls_them_and_nothing_else_is_read():
    log = read_files(("log.csv", b"mobile,out_id\n13900000000,a\n"), columns={"phone_number": "mobile"})
    assert log.lines[0].phone.digits == "13900000000"
    assert log.lines[0].out_id is None
    assert not log.has_match_keys


def test_several_files_are_one_log_in_their_order():
    log = read_files(
        ("a.csv", b"phone_number,biz_id\n13900000001,1^0\n"),
        ("b.jsonl", b'{"phone_number": 13900000002}\n'),
        ("c.txt", b"13900000003\n"),
    )
    assert [line.phone.digits[-1] for line in log.lines] == ["1", "2", "3"]
    assert log.has_match_keys


@pytest.mark.parametrize("name", ["log.jsonl", "log.txt", "log.csv", "log.parquet"])
def test_a_log_without_lines_is_a_log(name):
    schema = pa.schema([("phone_number", pa.string())])
    data = {"csv": b"phone_number\n", "parquet": as_parquet([], schema)}.get(name[4:], b"")
    assert not read_files((name, data)).lines


@pytest.mark.parametrize(
    ("files", "options", "argument", "told"),
    [
        ([("log.xlsx", b"x")], {}, "sent_uri", "log.xlsx has an unknown format"),
        ([("log", b"x")], {}, "sent_uri", "unknown format"),
        ([], {}, "sent_uri", "matches no file"),
        ([("l.csv", b"phone_number,a,a\n")], {}, "sent_uri", "two columns with the same name"),
        ([("l.csv", b"phone_number,a\n13900000000\n")], {}, "sent_uri", "l.csv:2 has 1 cells, but the header has 2"),
        ([("l.csv", b"phone_number\n13900000000,x\n")], {}, "sent_uri", "l.csv:2 has 2 cells"),
        ([("l.csv", b'phone_number\n"13900000000"x\n')], {}, "sent_uri", "l.csv:2 is not CSV"),
        ([("l.csv", b'phone_number\n"13900000000')], {}, "sent_uri", "l.csv:2 is not CSV"),
        ([("l.csv", "phone_number,姓名\n".encode("gbk"))], {}, "sent_uri", "l.csv is not in UTF-8; save it as UTF-8"),
        ([("l.csv", "phone_number\n".encode("utf-16"))], {}, "sent_uri", "not in UTF-8"),
        ([("l.txt", "1390000000０\n".encode("gbk"))], {}, "sent_uri", "not in UTF-8"),
        (
            [("l.jsonl", b'{"phone_number": "13900000000"}\n[1]\n')],
            {},
            "sent_uri",
            "l.jsonl:2 is a JSON array, not a JSON object",
        ),
        ([("l.jsonl", b'{"phone_number": "13900000000"')], {}, "sent_uri", "l.jsonl:1 is not a JSON object"),
        ([("l.jsonl", b'{"phone_number": "\xff"}')], {}, "sent_uri", "l.jsonl:1 is not a JSON object"),
        ([("l.parquet", b"PAR1")], {}, "sent_uri", "l.parquet is not a Parquet file"),
        ([("l.parquet", as_parquet(ROWS)[:-9])], {}, "sent_uri", "l.parquet is not a Parquet file"),
        ([("l.csv.gz", b"\x1f\x8b\x00")], {}, "sent_uri", "is not a gzip file"),
        ([("l.csv.gz", gzip.compress(as_csv(ROWS * 999))[:-20])], {}, "sent_uri", "only part of one"),
        ([("l.jsonl.gz", gzip.compress(as_json_lines(ROWS * 999))[:-20])], {}, "sent_uri", "only part of one"),
        ([("l.parquet.gz", gzip.compress(as_parquet(ROWS))[:-20])], {}, "sent_uri", "only part of one"),
        ([("l.jsonl", b'{"x": ' + b"[" * 9999 + b"]" * 9999 + b"}")], {}, "sent_uri", "l.jsonl:1 is not a JSON object"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_by_argument_and_place(files, options, argument, told):
    error = refused(*files, **options)
    assert error.argument == argument
    assert told in str(error)


def test_a_null_key_may_be_left_out_of_some_files():
    log = read_files(
        ("a.jsonl", b'{"phone_number": "13900000000"}\n'), ("b.jsonl", as_json_lines(ROWS)), carry=["user"]
    )
    assert [line.carried for line in log.lines] == [(None,), ("7",), (None,)]


def test_a_time_that_cannot_be_read_still_makes_the_log_keyed():
    log = read_files(
        ("l.jsonl", b'{"phone_number": "13900000000", "sent_at": 17487504}\n{"phone_number": "13900000001"}')
    )
    assert log.has_match_keys


def test_too_many_bad_lines_are_named_by_line_and_reason_and_never_by_number():
    data = b"13900000000\n" * 3 + b"139000000001390\n"
    log = read_files(("l.txt", data))
    log.check_rejected(0.25)
    with pytest.raises(DysmsInputError) as error:
        log.check_rejected(0.24)
    assert str(error.value).startswith("sent_uri has 1 of 4 lines that cannot be queried, more than the share of 0.24")
    assert "l.txt:4 (phone_number" in str(error.value)
    assert "1390000" not in str(error.value)
    phone_log([]).check_rejected(0)


def test_the_caller_keeps_his_files_open():
    file = io.BytesIO(as_csv(ROWS))
    read_send_log([("l.csv", file)], send_date=DAY)
    assert not file.closed


def test_no_number_is_in_a_repr():
    log = read_files(("l.csv", as_csv(ROWS)), carry=["user"])
    assert "139" not in repr(log) + repr(log.lines)


def test_ids_keep_their_end_if_one_of_the_column_does_not_end_so():
    log = read("l.csv", table(ids=("1001.0", "1002")))
    assert [line.out_id for line in log.lines] == ["1001.0", "1002"]
    assert not any("ends in .0" in note for note in log.notes)
    log = read("l.csv.gz", gzip.compress(table(ids=("1001", "1002.0")).encode()))
    assert [line.out_id for line in log.lines] == ["1001", "1002.0"]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("end", ["", "x"])
def test_ids_that_pandas_made_floats_are_found_in_long_files_too(zipped, end):
    numbers = [f"139{place:08}" for place in range(20_000)]
    data = table(numbers=numbers, ids=[f"{place}.0" for place in range(19_999)] + [f"7.0{end}"]).encode()
    log = read("l.csv", gzip.compress(data) if zipped else data)
    assert [line.out_id for line in log.lines][:2] == (["0.0", "1.0"] if end else ["0", "1"])
    assert [line.phone.digits for line in log.lines] == numbers
    assert any(note.startswith("Every out_id ends in .0") for note in log.notes) is not bool(end)
