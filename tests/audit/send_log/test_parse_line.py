"""A row becomes a line with a number, ids and a time, or is rejected with a reason that repeats no cell."""

import pytest
from support.send_logs import one, read, read_files, seen

REJECTED = {
    ("sent_at", "11/28/2026 09:15"): "time_format='%m/%d/%Y %H:%M'",
    ("sent_at", "28/11/2026 09:15:03"): "time_format='%d/%m/%Y %H:%M:%S'",
    ("sent_at", "03/04/2026 9:15 PM"): "time_format='%m/%d/%Y %I:%M %p'",
    ("sent_at", "26-11-28 09:15"): "time_format='%y-%m-%d %H:%M'",
    ("sent_at", "2025-06-01 12:00:00 CST"): "is not a time",
    ("sent_at", "2025-06-01T12:00+09:00[Asia/Shanghai]"): "an offset that this zone does not have",
    ("sent_at", "2025-06-01 12:00:00 Mars/Base"): "an unknown time zone",
    ("sent_at", "2025-06-02"): "a day without a time",
    ("sent_at", "20250601"): "a day without a time",
    ("sent_at", "17487504"): "is a",
    ("sent_at", "174875040012"): "is not a time",
    ("sent_at", "17487504001"): "a number of 11 digits",
    ("sent_at", "1.74875E+09"): "scientific notation",
    ("sent_at", "NaT"): "leave the cell empty",
    ("sent_at", "1764292503"): "was sent on 2025-11-28",
    ("phone_number", "1.39E+10"): "scientific notation (1.39E+10)",
    ("phone_number", "NaN"): "leave the cell empty",
    ("phone_number", "10000000000"): "can exist",
    ("phone_number", "11012345678"): "can exist",
    ("phone_number", "+1 212 155 0123"): "can exist",
    ("phone_number", "99999999999999999999"): "more digits than a phone number",
    ("out_id", "1.39E+10"): "scientific notation (1.39E+10)",
    ("out_id", "9007199254740992.0"): "has lost its last digits",
    ("biz_id", "nan"): "a word for a missing id",
}


@pytest.mark.parametrize(("column", "cell"), REJECTED)
def test_a_cell_that_no_message_can_have_is_rejected_by_a_sentence_of_its_own(column, cell):
    row = {"phone_number": "13900001111"} | {column: cell}
    (line,) = read("l.csv", f"{','.join(row)}\n{','.join(row.values())}\n").lines
    assert REJECTED[column, cell] in line.rejection[1]
    assert cell not in line.rejection[1] or cell == "1.39E+10"


def test_a_country_may_be_a_float_too():
    assert seen(read("l.csv", "phone_number,out_id,sent_at,country\n61234567,1,,852.0\n13900001111,2,,86.0\n")) == [
        ("85261234567", "1", None),
        ("13900001111", "2", None),
    ]


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
def test_a_line_that_cannot_be_queried_stays_with_its_reason(cells, reason):
    line = one(**cells)
    assert line.rejection[0] == reason
    assert "139" not in line.rejection[1]


def test_a_line_with_a_message_id_may_have_any_number():
    assert one(phone_number="+1 312 555 0123", message_id="1").phone.digits == "13125550123"
    assert one(phone_number="", message_id="1").rejection is None


@pytest.mark.parametrize(
    ("cell", "told"), [("10 01", "blanks"), ("编号", "letters"), ("NULL", "a missing id"), ("None", "a missing id")]
)
@pytest.mark.parametrize("column", ["message_id", "biz_id"])
def test_a_line_with_an_impossible_id_is_rejected_before_it_is_queried(column, cell, told):
    log = read_files(("l.csv", f"phone_number,{column}\n13900000000,{cell}\n".encode()))
    reason, problem = log.lines[0].rejection
    assert reason == "bad_id"
    assert told in problem
    assert cell not in problem


def test_an_out_id_may_be_any_text():
    log = read_files(("l.csv", "phone_number,out_id\n13900000000,夏 None\n".encode()))
    assert log.lines[0].out_id == "夏 None"
