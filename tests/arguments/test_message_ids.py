"""Whatever way a template or another task passes them, the same messages are named; anything else is refused."""

import json
from typing import Any

import pytest

from airflow_provider_dysms.arguments.message_ids import parse_message_ids, parse_sent
from airflow_provider_dysms.model.errors import DysmsInputError

MESSAGE = {"kind": "message", "message_id": "17", "request_id": None, "segments": 1}
SMS = {"kind": "sms", "biz_id": None, "out_id": "mine", "token": "sealed"}


@pytest.mark.parametrize(
    "value",
    [
        "17,18",
        " 17 ; 18\n",
        "['17', 18]",
        '["17", "18"]',
        ["17", 18],
        (17, "18 "),
        iter(["17", "18"]),
        [["17"], iter(["18"])],
    ],
)
def test_message_ids_are_read_in_every_form(value: Any) -> None:
    assert parse_message_ids(value) == ["17", "18"]


@pytest.mark.parametrize("ids", [{"18", "17", "16"}, frozenset([18, "16", 17]), [{"18", "17", "16"}]])
def test_a_set_has_the_same_order_in_every_process(ids: Any) -> None:
    assert parse_message_ids(ids) == ["16", "17", "18"]


@pytest.mark.parametrize("value", ["17", 17, MESSAGE, [MESSAGE], str(MESSAGE), str([MESSAGE]), json.dumps(MESSAGE)])
def test_one_message_is_named_by_its_id_or_by_what_its_send_returned(value: Any) -> None:
    assert parse_message_ids(value) == ["17"]


@pytest.mark.parametrize("value", [SMS, [SMS], (SMS,), str(SMS), json.dumps([SMS]), iter([SMS])])
def test_what_a_send_returned_is_read_in_every_form(value: Any) -> None:
    assert parse_sent(value) == [SMS]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        [],
        "[1, 2",
        b"17",
        1.5,
        True,
        [None],
        [[]],
        [[["17"]]],
        "None",
        ["17", "nan"],
        "a b",
        [{}],
        {},
        object(),
    ],
)
def test_what_names_no_message_is_refused(value: Any) -> None:
    with pytest.raises(DysmsInputError, match=r"^message_ids "):
        parse_message_ids(value)


@pytest.mark.parametrize("value", [None, "", [], {}, "17", 17, [None], [{"kind": "letter"}], [SMS, "17"]])
def test_what_no_send_returned_is_refused(value: Any) -> None:
    with pytest.raises(DysmsInputError, match=r"^sent "):
        parse_sent(value)


def test_the_wrong_kind_of_send_names_the_sensor_that_waits_for_it() -> None:
    with pytest.raises(DysmsInputError, match=r"number 2 of the list.*DysmsSendDetailsSensor waits for it"):
        parse_message_ids([MESSAGE, SMS])
    with pytest.raises(DysmsInputError, match="DysmsMessageSensor waits for it"):
        parse_sent(MESSAGE)
