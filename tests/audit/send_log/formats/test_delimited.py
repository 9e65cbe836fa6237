"""CSV is read with any usual delimiter, and a file that fits several is refused."""

import pytest
from support.send_logs import read, refusal, table

REFUSED = {
    "two delimiters": (
        "l.csv",
        "phone_number,x;message_id\n",
        {},
        "more than one delimiter, ',' and ';'; set delimiter",
    ),
    "cells without a name": ("l.csv", table(more=",x").replace("sent_at,x", "sent_at"), {}, "l.csv:2 has 4 cells"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(case):
    name, data, options, hint = REFUSED[case]
    assert hint in refusal(name, data, **options)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\n\r\n", b",,\n;;\n", b"\xef\xbb\xbf\r\n"])
def test_a_file_of_only_line_ends_and_delimiters_has_no_line_either(data):
    assert not read("l.csv", data).lines
    assert not read("part", data).lines


def test_a_column_with_a_semicolon_in_its_only_name_is_read_by_commas():
    log = read("l.csv", 'phone_number,"a;b"\n13900001111,"x;y"\n', carry=["a;b"])
    assert log.lines[0].carried == ("x;y",)
