"""A send log is read the same from every format; what is wrong with it is named by its line, or refused at once."""

import gzip
import io
import json
import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.log import phone_log, read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
BEIJING = timezone(timedelta(hours=8))
NOON = datetime(2025, 6, 1, 12, 0, tzinfo=BEIJING)

ROWS = [
    {
        "phone_number": "+86 139-0000-0000",
        "biz_id": "1^0",
        "out_id": "a",
        "sent_at": "2025-06-01 12:00:00",
        "user": "7",
    },
    {"phone_number": "13900000001", "biz_id": None, "out_id": None, "sent_at": "2025-06-01T04:00:00Z", "user": None},
]


def as_csv(rows):
    names = list(rows[0])
    lines = [",".join(names)] + [
        ",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


def as_json_lines(rows):
    return "".join(
        json.dumps({key: value for key, value in row.items() if value is not None}) + "\n" for row in rows
    ).encode()


def as_parquet(rows, schema=None):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink)
    return sink.getvalue()


def read(*files, **options):
    return read_send_log([(name, io.BytesIO(data)) for name, data in files], send_date=DAY, **options)


def one(**cells):
    """The one line of a log with these cells."""
    return read(("log.jsonl", json.dumps({"phone_number": "13900000000"} | cells).encode())).lines[0]


def refused(*files, **options):
    with pytest.raises(DysmsInputError) as error:
        read(*files, **options)
    assert "1390000" not in str(error.value)
    return error.value


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
    log = read((name, data), carry=["user"])
    first, second = log.lines
    assert (first.phone.digits, first.phone.country) == ("13900000000", "CN")
    assert (first.biz_id, first.out_id, first.sent_at, first.carried) == ("1^0", "a", NOON, ("7",))
    assert first.sent_at.utcoffset() == timedelta(0)
    assert first.raw_number == "+86 139-0000-0000"
    assert (second.biz_id, second.out_id, second.sent_at, second.carried) == (None, None, NOON, (None,))
    assert log.has_match_keys
    assert not log.rejected
    assert log.carry == ("user",)


def test_text_has_one_number_a_line_and_is_a_list_of_questions():
    log = read(("numbers.TXT.gz", gzip.compress(b"\xef\xbb\xbf13900000000\r\n\r\n  +852 6123 4567 \nnonsense")))
    assert [line.phone and line.phone.digits for line in log.lines] == ["13900000000", "85261234567", None]
    assert [line.where for line in log.lines] == [f"numbers.TXT.gz:{number}" for number in (1, 3, 4)]
    assert not log.has_match_keys
    assert log.rejected[0].rejection[0] == "invalid_number"


def test_a_short_list_is_a_list_of_questions_too():
    log = phone_log(["13900000000", 85261234567, "nonsense"])
    assert [line.rejection is None for line in log.lines] == [True, True, False]
    assert not log.has_match_keys
    assert [line.phone.digits for line in phone_log("13900000000").lines] == ["13900000000"]
    with pytest.raises(DysmsInputError, match=r"^phone_numbers has 1 of 3 lines"):
        log.check_rejected(0)


def test_lines_are_numbered_as_an_editor_does():
    data = b'phone_number,note\n13900000000,"two\nlines"\n\n13900000001,x\n'
    log = read(("log.csv", data), options=LogOptions(multiline=True))
    assert [line.number for line in log.lines] == [2, 5]


def test_columns_say_what_the_log_calls_them_and_nothing_else_is_read():
    log = read(("log.csv", b"mobile,out_id\n13900000000,a\n"), columns={"phone_number": "mobile"})
    assert log.lines[0].phone.digits == "13900000000"
    assert log.lines[0].out_id is None
    assert not log.has_match_keys


def test_several_files_are_one_log_in_their_order():
    log = read(
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
    assert not read((name, data)).lines


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"phone_number": "1.39E+10"}, "invalid_number"),
        ({"phone_number": "+1 312 555 0123"}, "reads_as_mainland"),
        ({"phone_number": "3125550123", "country": "US"}, "reads_as_mainland"),
        ({"phone_number": "010-12345678", "country": "CN"}, "not_a_mobile"),
        ({"phone_number": "13900000000", "country": "852"}, "invalid_number"),
        ({"phone_number": "nonsense", "message_id": "1"}, "invalid_number"),
        ({"phone_number": None}, "no_number_and_no_message_id"),
        ({"phone_number": "  ", "message_id": " "}, "no_number_and_no_message_id"),
        ({"sent_at": "yesterday"}, "sent_at_unreadable"),
        ({"sent_at": "2025-06-01"}, "sent_at_unreadable"),
        ({"sent_at": 17487504000}, "sent_at_unreadable"),
        ({"sent_at": "1712010112000"}, "sent_on_another_day"),
        ({"sent_at": "2025-06-01 25:00:00"}, "sent_at_unreadable"),
        ({"sent_at": "0001-01-01T00:00:00Z"}, "sent_at_unreadable"),
        ({"sent_at": "9999-12-31T23:59:59Z"}, "sent_at_unreadable"),
        ({"sent_at": "20250601"}, "sent_at_unreadable"),
        ({"sent_at": True}, "sent_at_unreadable"),
        ({"sent_at": "2025-05-31 23:49:59"}, "sent_on_another_day"),
        ({"sent_at": "2025-06-02 00:10:00"}, "sent_on_another_day"),
        ({"biz_id": "1\x00"}, "bad_id"),
        ({"out_id": "a\nb"}, "bad_id"),
        ({"out_id": "x" * 256}, "bad_id"),
        ({"message_id": ["1"]}, "bad_id"),
        ({"message_id": True}, "bad_id"),
        ({"out_id": 1.5}, "bad_id"),
        ({"out_id": 1e20}, "bad_id"),
    ],
)
def test_a_line_that_cannot_be_asked_stays_with_its_reason(cells, reason):
    line = one(**cells)
    assert line.rejection[0] == reason
    assert "139" not in line.rejection[1]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-06-01 12:00:00", NOON),
        ("2025-06-01T12:00", NOON),
        ("2025-06-01T12:00:00.000+08:00", NOON),
        ("2025-06-01 12:00:00 +0800", NOON),
        ("2025-06-01 04:00:00 UTC", NOON),
        ("2025-06-01T04:00:00Z", NOON),
        ("2025-06-01T04:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("Sun, 01 Jun 2025 12:00:00 +0800", NOON),
        ("2025-05-31 23:50:00", NOON - timedelta(hours=12, minutes=10)),
        ("2025-06-02 00:09:59", NOON + timedelta(hours=12, minutes=9, seconds=59)),
        (None, None),
        ("", None),
    ],
)
def test_times_are_read_with_and_without_a_zone(written, expected):
    line = one(sent_at=written)
    assert line.rejection is None
    assert line.sent_at == expected


def test_a_message_id_asks_by_itself_so_any_number_may_stand_beside_it():
    assert one(phone_number="+1 312 555 0123", message_id="1").phone.digits == "13125550123"
    assert one(phone_number="", message_id="1").rejection is None


def test_parquet_types_are_taken_as_they_are():
    schema = pa.schema(
        [
            ("phone_number", pa.float64()),
            ("country", pa.int64()),
            ("out_id", pa.float64()),
            ("sent_at", pa.timestamp("ns")),
            ("user", pa.float64()),
            ("price", pa.decimal128(10, 2)),
            ("seen_at", pa.timestamp("us", "Asia/Shanghai")),
            ("tags", pa.list_(pa.string())),
            ("vip", pa.bool_()),
            ("day", pa.date32()),
            ("plan", pa.dictionary(pa.int8(), pa.string())),
        ]
    )
    row = {
        "phone_number": 13900000000.0,
        "country": 86,
        "out_id": 12.0,
        "sent_at": datetime(2025, 6, 1, 12, 0),  # noqa: DTZ001 - naive on purpose
        "user": 7.0,
        "price": Decimal("1.50"),
        "seen_at": NOON,
        "tags": ["b", "a"],
        "vip": True,
        "day": DAY,
        "plan": "gold",
    }
    blank = dict.fromkeys(row) | {"phone_number": 13900000001.0}
    carry = ["user", "price", "seen_at", "tags", "vip", "day", "plan"]
    first, second = read(("log.parquet", as_parquet([row, blank], schema)), carry=carry).lines
    assert (first.phone.digits, first.out_id, first.sent_at) == ("13900000000", "12", NOON)
    assert first.carried == ("7", "1.50", "2025-06-01T04:00:00+00:00", '["b","a"]', "true", "2025-06-01", "gold")
    assert second.carried == (None,) * 7
    assert second.rejection is None


def test_nanoseconds_are_cut_off():
    columns = {
        "phone_number": pa.array([13900000000]),
        "sent_at": pa.array([1748750400000000001], pa.timestamp("ns", "UTC")),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    assert read(("l.parquet", sink.getvalue())).lines[0].sent_at == NOON


def test_a_carried_number_too_big_to_be_exact_is_not_spelt_out():
    log = read(("l.jsonl", b'{"phone_number": 13900000000, "n": 1e300}'), carry=["n"])
    assert log.lines[0].carried == ("1e+300",)


def test_aware_parquet_times_keep_their_instant():
    schema = pa.schema([("phone_number", pa.int64()), ("sent_at", pa.timestamp("ns", "America/New_York"))])
    line = read(("l.parquet", as_parquet([{"phone_number": 13900000000, "sent_at": NOON}], schema))).lines[0]
    assert line.sent_at == NOON


@pytest.mark.parametrize(
    ("files", "options", "argument", "told"),
    [
        ([("log.xlsx", b"x")], {}, "sent_uri", "log.xlsx is of an unknown kind"),
        ([("log", b"x")], {}, "sent_uri", "unknown kind"),
        ([], {}, "sent_uri", "names no file"),
        ([("l.csv", b"phone_number,a,a\n")], {}, "sent_uri", "two columns of one name"),
        ([("l.csv", b"phone_number,a\n13900000000\n")], {}, "sent_uri", "l.csv:2 has 1 cells, and the header 2"),
        ([("l.csv", b"phone_number\n13900000000,x\n")], {}, "sent_uri", "l.csv:2 has 2 cells"),
        ([("l.csv", b'phone_number\n"13900000000"x\n')], {}, "sent_uri", "l.csv:2 is no CSV"),
        ([("l.csv", b'phone_number\n"13900000000')], {}, "sent_uri", "l.csv:2 is no CSV"),
        ([("l.csv", "phone_number,姓名\n".encode("gbk"))], {}, "sent_uri", "l.csv is not in UTF-8; save it as UTF-8"),
        ([("l.csv", "phone_number\n".encode("utf-16"))], {}, "sent_uri", "not in UTF-8"),
        ([("l.txt", "1390000000０\n".encode("gbk"))], {}, "sent_uri", "not in UTF-8"),
        ([("l.jsonl", b'{"phone_number": "13900000000"}\n[1]\n')], {}, "sent_uri", "l.jsonl:2 is no JSON object"),
        ([("l.jsonl", b'{"phone_number": "13900000000"')], {}, "sent_uri", "l.jsonl:1 is no JSON object"),
        ([("l.jsonl", b'{"phone_number": "\xff"}')], {}, "sent_uri", "l.jsonl:1 is no JSON object"),
        ([("l.parquet", b"PAR1")], {}, "sent_uri", "l.parquet is no Parquet file"),
        ([("l.parquet", as_parquet(ROWS)[:-9])], {}, "sent_uri", "l.parquet is no Parquet file"),
        ([("l.csv.gz", b"\x1f\x8b\x00")], {}, "sent_uri", "is no gzip file"),
        ([("l.csv.gz", gzip.compress(as_csv(ROWS * 999))[:-20])], {}, "sent_uri", "only a part of one"),
        ([("l.jsonl.gz", gzip.compress(as_json_lines(ROWS * 999))[:-20])], {}, "sent_uri", "only a part of one"),
        ([("l.parquet.gz", gzip.compress(as_parquet(ROWS))[:-20])], {}, "sent_uri", "only a part of one"),
        ([("l.csv", b"mobile\n")], {}, "columns", "it has mobile"),
        ([("l.csv", b"13900000000,139-0000-0001\n")], {}, "columns", "it has 2 columns with data in the place"),
        ([("l.csv", "【签】4711,x\n".encode())], {}, "columns", "it has 2 columns with data in the place"),
        ([("l.jsonl", b'{"x": ' + b"[" * 9999 + b"]" * 9999 + b"}")], {}, "sent_uri", "l.jsonl:1 is no JSON object"),
        ([("l.jsonl", b'{"mobile": "13900000000"}\n')], {}, "columns", "it has mobile"),
        ([("l.parquet", as_parquet([{"mobile": "1"}]))], {}, "columns", "it has mobile"),
        ([("l.csv", b"mobile\n")], {"columns": {"phone_number": "phone"}}, "columns", "names phone, which l.csv"),
        ([("l.jsonl", b'{"a": 1}\n')], {"columns": {"phone_number": "phone"}}, "columns", "names phone, which l.jsonl"),
        ([("l.txt", b"1")], {"columns": {"phone_number": "phone"}}, "columns", "is text, which has none"),
        ([("l.txt", b"1")], {"carry": ["user"]}, "carry", "is text, which has none"),
        ([], {"columns": {"phone": "mobile"}}, "columns", "unknown names: phone; known are phone_number"),
        ([], {"columns": {"biz_id": "biz"}}, "columns", "neither phone_number nor message_id"),
        ([], {"columns": ["phone_number"]}, "columns", "must map"),
        ([], {"columns": {"phone_number": ""}}, "columns", "must map"),
        ([("l.csv", as_csv(ROWS))], {"carry": ["age"]}, "carry", "names age, which l.csv"),
        ([("l.jsonl", as_json_lines(ROWS))], {"carry": ["age"]}, "carry", "names age, which l.jsonl"),
        ([], {"carry": "user"}, "carry", "must be a list"),
        ([], {"carry": ["user", "user"]}, "carry", "twice"),
        ([], {"carry": ["state"]}, "carry", "names state, which the output has itself"),
        ([], {"carry": ["phone_hash"]}, "carry", "the output has itself"),
        ([], {"carry": ["send_date"]}, "carry", "the output has itself"),
        ([], {"columns": {"phone_number": "m"}, "carry": ["m"]}, "carry", "the column of the numbers"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_by_argument_and_place(files, options, argument, told):
    error = refused(*files, **options)
    assert error.argument == argument
    assert told in str(error)


def test_without_pyarrow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "airflow-provider-dysms[parquet]" in str(refused(("l.parquet", b"PAR1")))


def test_a_null_key_may_be_left_out_of_some_files():
    log = read(("a.jsonl", b'{"phone_number": "13900000000"}\n'), ("b.jsonl", as_json_lines(ROWS)), carry=["user"])
    assert [line.carried for line in log.lines] == [(None,), ("7",), (None,)]


def test_a_time_that_cannot_be_read_still_makes_the_log_keyed():
    log = read(("l.jsonl", b'{"phone_number": "13900000000", "sent_at": 17487504}\n{"phone_number": "13900000001"}'))
    assert log.has_match_keys


def test_too_many_bad_lines_are_named_by_line_and_reason_and_never_by_number():
    data = b"13900000000\n" * 3 + b"139000000001390\n"
    log = read(("l.txt", data))
    log.check_rejected(0.25)
    with pytest.raises(DysmsInputError) as error:
        log.check_rejected(0.24)
    assert str(error.value).startswith("sent_uri has 1 of 4 lines that cannot be asked, more than the share of 0.24")
    assert "l.txt:4 (phone_number" in str(error.value)
    assert "1390000" not in str(error.value)
    phone_log([]).check_rejected(0)


def test_the_caller_keeps_his_files_open():
    file = io.BytesIO(as_csv(ROWS))
    read_send_log([("l.csv", file)], send_date=DAY)
    assert not file.closed


def test_no_number_is_in_a_repr():
    log = read(("l.csv", as_csv(ROWS)), carry=["user"])
    assert "139" not in repr(log) + repr(log.lines)


@pytest.mark.parametrize(
    ("cell", "told"), [("10 01", "blanks"), ("编号", "letters"), ("NULL", "no id"), ("None", "no id")]
)
@pytest.mark.parametrize("column", ["message_id", "biz_id"])
def test_a_line_with_what_is_no_id_of_the_services_is_rejected_before_it_is_asked(column, cell, told):
    log = read(("l.csv", f"phone_number,{column}\n13900000000,{cell}\n".encode()))
    reason, problem = log.lines[0].rejection
    assert reason == "bad_id"
    assert told in problem
    assert cell not in problem


def test_an_out_id_may_be_any_text():
    log = read(("l.csv", "phone_number,out_id\n13900000000,夏 None\n".encode()))
    assert log.lines[0].out_id == "夏 None"


def test_carry_may_be_none_and_nothing_else_that_is_no_list():
    assert read(("l.csv", b"phone_number\n"), carry=None).carry == ()
    for wrong in (5, "phone_number", {"user": 1}):
        with pytest.raises(DysmsInputError, match="carry must be a list"):
            read(("l.csv", b"phone_number\n"), carry=wrong)


def test_a_parquet_file_with_two_columns_of_a_name_is_refused_where_that_one_is_wanted():
    def two(name):
        table = pa.Table.from_arrays(
            [pa.array(["13900000000"]), pa.array(["a"]), pa.array(["b"])], ["phone_number", name, name]
        )
        file = io.BytesIO()
        pq.write_table(table, file)
        return "l.parquet", file.getvalue()

    assert len(read(two("x")).lines) == 1
    with pytest.raises(DysmsInputError, match=r"l\.parquet has two columns of one name: out_id"):
        read(two("out_id"))


def test_a_damaged_parquet_file_is_read_or_refused_and_nothing_else():
    whole = as_parquet([{"phone_number": str(13900000000 + place), "out_id": str(place)} for place in range(300)])
    chance = random.Random(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 20))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read(("l.parquet", bytes(damaged)))
        except DysmsInputError:
            refused += 1
    assert refused > 30


def test_what_a_store_says_while_a_parquet_file_is_read_is_not_taken_for_damage():
    class Gone(io.BytesIO):
        def read(self, *_):
            raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        read_send_log([("l.parquet", Gone(as_parquet(ROWS)))], send_date=DAY)
