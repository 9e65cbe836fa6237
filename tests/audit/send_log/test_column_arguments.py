"""Wrong values of columns and carry are refused by name, and so are files without these columns."""

import pytest
from support.send_logs import ROWS, as_csv, as_json_lines, as_parquet, read, read_files, refused

from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize(
    ("files", "options", "argument", "told"),
    [
        ([("l.csv", b"mobile\n")], {}, "columns", "it has mobile"),
        ([("l.csv", b"13900000000,139-0000-0001\n")], {}, "columns", "it has 2 columns with data instead of names"),
        ([("l.csv", "【签】4711,x\n".encode())], {}, "columns", "it has 2 columns with data instead of names"),
        ([("l.jsonl", b'{"mobile": "13900000000"}\n')], {}, "columns", "it has mobile"),
        ([("l.parquet", as_parquet([{"mobile": "1"}]))], {}, "columns", "it has mobile"),
        ([("l.csv", b"mobile\n")], {"columns": {"phone_number": "phone"}}, "columns", "names phone, which l.csv"),
        ([("l.jsonl", b'{"a": 1}\n')], {"columns": {"phone_number": "phone"}}, "columns", "names phone, which l.jsonl"),
        ([("l.txt", b"1")], {"columns": {"phone_number": "phone"}}, "columns", "is text without columns"),
        ([("l.txt", b"1")], {"carry": ["user"]}, "carry", "is text without columns"),
        ([], {"columns": {"phone": "mobile"}}, "columns", "unknown names: phone; the known names are phone_number"),
        ([], {"columns": {"biz_id": "biz"}}, "columns", "must name phone_number or message_id"),
        ([], {"columns": ["phone_number"]}, "columns", "must map"),
        ([], {"columns": {"phone_number": ""}}, "columns", "must map"),
        ([("l.csv", as_csv(ROWS))], {"carry": ["age"]}, "carry", "names age, which l.csv"),
        ([("l.jsonl", as_json_lines(ROWS))], {"carry": ["age"]}, "carry", "names age, which l.jsonl"),
        ([], {"carry": "user"}, "carry", "must be a list"),
        ([], {"carry": ["user", "user"]}, "carry", "twice"),
        ([], {"carry": ["state"]}, "carry", "names state, which is a column of the output"),
        ([], {"carry": ["phone_hash"]}, "carry", "is a column of the output"),
        ([], {"carry": ["send_date"]}, "carry", "is a column of the output"),
        ([], {"columns": {"phone_number": "m"}, "carry": ["m"]}, "carry", "the column of the phone numbers"),
    ],
)
def test_wrong_columns_are_refused_by_argument_and_file(files, options, argument, told):
    error = refused(*files, **options)
    assert error.argument == argument
    assert told in str(error)


def test_carry_may_be_none_and_nothing_else_that_is_no_list():
    assert read_files(("l.csv", b"phone_number\n"), carry=None).carry == ()
    for wrong in (5, "phone_number", {"user": 1}):
        with pytest.raises(DysmsInputError, match="carry must be a list"):
            read_files(("l.csv", b"phone_number\n"), carry=wrong)


@pytest.mark.parametrize(
    "carry",
    [
        ["State"],
        ["phone_number "],
        [" PHONE_HASH"],
        ["c", "C"],
        ["c", "c "],
        ["straße", "STRASSE"],
        ["ｓｔａｔｅ"],
        ["Send_Date"],
    ],
)
def test_carried_names_that_readers_cannot_tell_apart_are_refused(carry: list[str]) -> None:
    with pytest.raises(DysmsInputError, match=r"^carry names"):
        read("l.csv", ",".join(["phone_number", *carry]) + "\n", carry=carry)


def test_the_numbers_are_not_carried_in_another_spelling() -> None:
    with pytest.raises(DysmsInputError, match="names the column of the phone numbers"):
        read("l.csv", "PhoneNumber,out_id\n", carry=["PhoneNumber"])
