"""A look-up of numbers and message ids: rows, masks, exit codes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.utils import yaml
from support.command_line import DAY, NOON, NUMBER, OTHER_NUMBER

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

Run = Callable[..., Any]


def test_a_number_is_read_from_the_standard_input_and_masked(airflow_dysms: Run, connection: Emulator) -> None:
    connection.add_message(phone_number=NUMBER, sent_at=NOON, out_id="o-1")
    ended = airflow_dysms("lookup", "-o", "json", stdin=f"+86 {NUMBER[:3]}-{NUMBER[3:7]}-{NUMBER[7:]}\n")
    (row,) = json.loads(ended.out)
    assert (row["position"], row["phone_number"], row["state"], row["out_id"]) == (1, "139****1111", "delivered", "o-1")
    assert (row["is_final"], row["fault"]) == (True, None)
    assert (ended.code, ended.err) == (0, "")
    assert NUMBER not in ended.out


def test_show_numbers_shows_them(airflow_dysms: Run, connection: Emulator) -> None:
    connection.add_message(phone_number=NUMBER, sent_at=NOON)
    assert NUMBER in airflow_dysms("lookup", "--show-numbers", stdin=NUMBER).out


def test_a_number_that_ends_with_the_date_does_not_hide_the_time(airflow_dysms: Run, connection: Emulator) -> None:
    number = f"139{DAY:%Y%m%d}"
    connection.add_message(phone_number=number, sent_at=NOON)
    (row,) = json.loads(airflow_dysms("lookup", "-o", "json", stdin=number).out)
    assert row["sent_at"] == dates.iso_utc(dates.parse_instant(NOON))


def test_texts_with_the_number_are_masked_too(airflow_dysms: Run, connection: Emulator) -> None:
    connection.add_message(phone_number=NUMBER, sent_at=NOON, out_id=f"o-86{NUMBER}")
    ended = airflow_dysms("lookup", "-o", "yaml", stdin=NUMBER)
    (row,) = yaml.safe_load(ended.out)
    assert row["out_id"] == "o-***"
    assert NUMBER not in ended.out


def test_many_numbers_have_their_positions_and_one_without_a_message_has_a_row(
    airflow_dysms: Run, connection: Emulator
) -> None:
    connection.add_message(phone_number=NUMBER, sent_at=NOON)
    ended = airflow_dysms("lookup", "-o", "plain", stdin=f"{OTHER_NUMBER}, {NUMBER}\n")
    header, *rows = [line.split() for line in ended.out.splitlines()]
    assert header[:3] == ["position", "phone_number", "state"]
    assert [row[:3] for row in rows] == [["1", "139****2222", "missing"], ["2", "139****1111", "delivered"]]
    assert ended.code == 1


@pytest.mark.parametrize(("state", "code"), [("delivered", 0), ("failed", 1), ("waiting", 1)])
def test_the_exit_code_is_0_if_every_message_has_been_delivered(
    airflow_dysms: Run, connection: Emulator, state: str, code: int
) -> None:
    connection.add_message(phone_number=NUMBER, sent_at=NOON, state=state)
    ended = airflow_dysms("lookup", stdin=NUMBER)
    assert state in ended.out
    assert ended.code == code


def test_another_day_and_one_request_can_be_chosen(airflow_dysms: Run, connection: Emulator) -> None:
    earlier = DAY - timedelta(days=3)
    sent_at = (dates.day_start(earlier) + timedelta(hours=1)).isoformat()
    connection.add_message(phone_number=NUMBER, sent_at=sent_at, biz_id="900619746936498440^0", out_id="a")
    connection.add_message(phone_number=NUMBER, sent_at=sent_at, biz_id="900619746936498441^0", out_id="b")
    arguments = ("--send-date", f"{earlier:%Y%m%d}", "--biz-id", "900619746936498441^0", "-o", "json")
    (row,) = json.loads(airflow_dysms("lookup", *arguments, stdin=NUMBER).out)
    assert row["out_id"] == "b"


def test_message_ids_are_arguments(airflow_dysms: Run, connection: Emulator) -> None:
    foreign = "49151" + "12345678"
    connection.add_message(phone_number=foreign, sent_at=NOON, message_id="1732838400000001")
    ended = airflow_dysms("lookup", "1732838400000001", "1732838400000002", "-o", "json")
    rows = json.loads(ended.out)
    assert [(row["message_id"], row["state"]) for row in rows] == [
        ("1732838400000001", "delivered"),
        ("1732838400000002", "missing"),
    ]
    assert ended.code == 1
    assert airflow_dysms("lookup", "1732838400000001").code == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ((), b"", "The input is empty"),
        ((), b"12345", "The input (number 1 of the list)"),
        ((), f"{NUMBER}\n{NUMBER}0000000\n", "The input (number 2 of the list)"),
        ((), b"\xff\xfe", "The input is not UTF-8 text"),
        (("--send-date", "soon"), NUMBER, "--send-date is not a date"),
        (("--send-date", "2020-01-01"), NUMBER, "--send-date 2020-01-01 is outside the 30 days"),
        (("--biz-id", "a b"), NUMBER, "--biz-id must be an id"),
        (("1732838400000001", "--send-date", "20261129"), b"", "--send-date is about messages to numbers"),
        (("139", "0000", "1111"), b"", "a phone number is never taken as an argument"),
        (("4915112345678",), b"", "A phone number is never taken as an argument"),
        (("--biz-id", "4915112345678"), NUMBER, "--biz-id is refused: a phone number is never taken"),
        (("message\x00id",), b"", "MESSAGE_ID must be an id"),
    ],
)
@pytest.mark.usefixtures("connection")
def test_bad_usage_is_one_sentence_without_the_number(
    airflow_dysms: Run, arguments: tuple[str, ...], stdin: Any, said: str
) -> None:
    ended = airflow_dysms("lookup", *arguments, stdin=stdin)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not any(number in ended.err for number in (NUMBER, "4915112345678"))


@pytest.mark.usefixtures("_airflow_database")
def test_a_connection_that_is_not_defined_is_code_3(airflow_dysms: Run) -> None:
    ended = airflow_dysms("lookup", "--conn-id", "nowhere", stdin=NUMBER)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("The connection 'nowhere' is not defined")


def test_a_wrong_field_of_the_connection_is_code_3(
    airflow_dysms: Run, connection: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", connection.connection_json(quota_share=7))
    ended = airflow_dysms("lookup", "--conn-id", "wrong", stdin=NUMBER)
    assert ended.code == 3
    assert ended.err.startswith("The connection 'wrong' cannot be used: quota_share must be")


def test_a_refusal_is_code_3_and_an_outage_code_4(
    airflow_dysms: Run, connection: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = json.loads(connection.connection_json()) | {"password": "another"}
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps(wrong))
    assert airflow_dysms("lookup", "--conn-id", "wrong", stdin=NUMBER).code == 3
    monkeypatch.setenv("AIRFLOW_CONN_CLOSED", json.dumps(wrong | {"port": 9}))
    ended = airflow_dysms("lookup", "--conn-id", "closed", stdin=NUMBER)
    assert ended.code == 4
    assert NUMBER not in ended.err


def test_a_day_that_is_about_to_leave_is_warned_of(airflow_dysms: Run, connection: Emulator) -> None:
    day = DAY + timedelta(days=1) - timedelta(days=dates.WINDOW_DAYS)
    noon = dates.day_start(day) + timedelta(hours=12)
    connection.add_message(phone_number=NUMBER, sent_at=noon.isoformat(), state="delivered")
    ended = airflow_dysms("lookup", "--send-date", day, stdin=NUMBER)
    assert ended.err.startswith(f"warning: The service is about to forget {day}")
    assert ended.code == 0
