"""Every templated field of every operator, in both renderings: what was meant comes out, or the task refuses it."""

from __future__ import annotations

import importlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, ObjectStoragePath

from airflow_provider_dysms.api.protocol.parameters import template_param
from airflow_provider_dysms.arguments import message_ids, template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments
from airflow_provider_dysms.arguments.private_fields import normalized_numbers, parameters_in, reveal
from airflow_provider_dysms.get_provider_info import get_provider_info
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.waits import goal

NUMBERS = ["139" + "24680135", "139" + "13579246"]
ABROAD = "852" + "5124" + "6802"
SENT = {"kind": "sms", "biz_id": "1^0", "out_id": "20261128_1", "send_date": "2026-11-28", "token": "x"}
MESSAGE = {"kind": "message", "message_id": "4711", "send_date": "2026-11-28"}

#: Arguments with which each operator can be made.
REQUIRED: dict[str, dict[str, Any]] = {
    "DysmsSendSmsOperator": {"phone_numbers": NUMBERS, "sign_name": "a", "template_code": "SMS_1"},
    "DysmsSendMessageToGlobeOperator": {"to": ABROAD, "message": "a", "message_type": "NOTIFY"},
    "DysmsQuerySendDetailsOperator": {"phone_numbers": NUMBERS, "send_date": "2026-11-28"},
    "DysmsQueryMessageOperator": {"message_ids": ["1"]},
    "DysmsQuerySendStatisticsOperator": {"first_date": "2026-11-28"},
    "DysmsSuppressionListOperator": {
        "output_uri": "file:///out",
        "suppression_uri": "file:///list",
        "template_types": {"SMS_1": "code"},
        "through": "2026-11-28",
    },
    "DysmsExpireArchiveOperator": {"output_uri": "file:///out", "keep_days": 400},
    "DysmsErasePhoneNumbersOperator": {"output_uri": "file:///out", "phone_numbers": NUMBERS},
    "DysmsVerifyPartitionOperator": {"output_uri": "file:///out", "send_date": "2026-11-28"},
    "DysmsSettledDateOperator": {"output_uri": "file:///out", "send_date": "2026-11-28"},
    "DysmsFindSendingDetailsOperator": {"output_uri": "file:///out"},
    "DysmsDeliveryReportOperator": {
        "output_uri": "file:///out",
        "report_uri": "file:///reports/a.html",
        "suppression_uri": "file:///stop",
        "send_date": "2026-11-28",
    },
    "DysmsDeliveryCheckOperator": {"output_uri": "file:///out", "send_date": "2026-11-28", "max_drop": 0.03},
    "DysmsUnsettledDatesOperator": {"output_uri": "file:///out", "through": "2026-11-28"},
    "DysmsMessageSensor": {"message_ids": ["1"]},
    "DysmsSendDetailsSensor": {"phone_numbers": NUMBERS, "out_id": "a"},
    "DysmsReceiptsToObjectStorageOperator": {
        "receipts_uri": "file:///receipts",
        "sent_uri": "file:///log",
        "output_uri": "file:///out",
        "send_date": "2026-11-28",
    },
    "DysmsToObjectStorageOperator": {"sent_uri": "file:///log", "output_uri": "file:///out", "send_date": "2026-11-28"},
}

#: Classes of Airflow, and the base of our sensors.
NOT_OURS = {"BaseOperator", "BaseSensorOperator", "DysmsWaitSensor"}

#: Texts that Python would read as something else.
TEXTS = ["20261128_1", "000000", "012345", "1_0", "0x10", "1e5", "1.10", "True", "['a'", "a, b", "１２"]


def as_it_is(operator: Any, name: str) -> Any:
    return getattr(operator, name)


def numbers(operator: Any, name: str) -> Any:
    return normalized_numbers(name, getattr(operator, name))


def parameters(operator: Any, name: str) -> Any:
    return json.loads(template_param(name, parameters_in(getattr(operator, name))))


def lists(*wanted: str) -> list[tuple[Any, Any]]:
    many = list(wanted)
    return [(many, many), (tuple(many), many), (set(many), sorted(many)), (wanted[0], [wanted[0]])]


#: Field -> how it is read in the end, and pairs of what an expression returns and what must come out of it.
KINDS: dict[str, tuple[Callable[[Any, str], Any], list[tuple[Any, Any]]]] = {
    "phone_numbers": (numbers, [*lists(*sorted(NUMBERS)), (int(NUMBERS[0]), [NUMBERS[0]])]),
    "to": (numbers, [("+" + ABROAD, [ABROAD])]),
    "message": (lambda operator, name: reveal(getattr(operator, name)), [(each, each) for each in TEXTS]),
    "template_param": (
        parameters,
        [
            ({"code": "000000"}, {"code": "000000"}),
            ({"code": "1_0", "n": 7}, {"code": "1_0", "n": 7}),
            ('{"code": "012345"}', {"code": "012345"}),
            ('{"price": 1.10}', {"price": 1.1}),
        ],
    ),
    "sign_name": (as_it_is, [(each, each) for each in TEXTS if "[" not in each]),
    "template_code": (as_it_is, [(each, each) for each in TEXTS]),
    "out_id": (as_it_is, [(each, each) for each in TEXTS]),
    "biz_id": (as_it_is, [("900001^0", "900001^0"), ("000123_4", "000123_4")]),
    "sender_id": (as_it_is, [("000123", "000123"), ("Example", "Example")]),
    "message_type": (as_it_is, [("OTP", "OTP")]),
    "vendor_task_id": (as_it_is, [(each, each) for each in TEXTS]),
    "validity_period": (lambda operator, name: int(getattr(operator, name)), [(300, 300), ("300", 300)]),
    "channel_id": (as_it_is, [(each, each) for each in TEXTS]),
    "sent_format": (as_it_is, [("csv", "csv"), ("jsonl", "jsonl")]),
    "encoding": (as_it_is, [("gb18030", "gb18030"), ("auto", "auto")]),
    "delimiter": (as_it_is, [(";", ";"), ("\t", "\t"), ("\x01", "\x01")]),
    "time_format": (as_it_is, [("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"), ("%Y%m%d%H%M", "%Y%m%d%H%M")]),
    "timezone": (as_it_is, [("Asia/Shanghai", "Asia/Shanghai"), ("UTC", "UTC")]),
    "dysms_conn_id": (as_it_is, [("dysms_default", "dysms_default"), ("1_0", "1_0")]),
    "send_date": (
        lambda operator, name: str(parse_day(getattr(operator, name), name)),
        [("2026-11-28", "2026-11-28"), ("20261128", "2026-11-28"), (20261128, "2026-11-28")],
    ),
    "sent": (
        lambda operator, name: message_ids.parse_sent(getattr(operator, name)),
        [(SENT, [SENT]), ([SENT], [SENT])],
    ),
    "message_ids": (
        lambda operator, name: message_ids.parse_message_ids(getattr(operator, name)),
        [*lists("000123_4", "4711"), (MESSAGE, ["4711"]), (4711, ["4711"])],
    ),
    "wait_for": (
        lambda operator, name: goal.parse_wait_for(name, getattr(operator, name)),
        [("all", (None, 100_000)), (3, (3, None)), ("95%", (None, 95_000))],
    ),
    "sign_names": (as_it_is, [*lists("1_0", "甲"), (deque(["a"]), ["a"])]),
    "carry": (as_it_is, [*lists("1_0", "campaign"), ([], [])]),
    "columns": (as_it_is, [({"phone_number": "1_0"}, {"phone_number": "1_0"})]),
    "template_types": (as_it_is, [({"SMS_1": "notice", "": "code"}, {"SMS_1": "notice", "": "code"})]),
    "suppression_uri": (as_it_is, [("file:///1_0", "file:///1_0")]),
    "partition": (as_it_is, [("day=20261128_1", "day=20261128_1")]),
    "sent_uri": (as_it_is, [("file:///logs/1_0.csv", "file:///logs/1_0.csv")]),
    "receipts_uri": (as_it_is, [("file:///receipts/1_0", "file:///receipts/1_0")]),
    "output_uri": (as_it_is, [("file:///1_0", "file:///1_0")]),
    "details_uri": (as_it_is, [("file:///1_0.csv", "file:///1_0.csv")]),
    "phone_number": (numbers, [(number, [number]) for number in NUMBERS]),
    "country": (as_it_is, [("CN", "CN")]),
    "error_code": (as_it_is, [(each, each) for each in TEXTS]),
    "carried": (as_it_is, [({"team": "1_0"}, {"team": "1_0"})]),
    "sent_from": (as_it_is, [("2026-11-28", "2026-11-28"), ("2026-11-28 09:00", "2026-11-28 09:00")]),
    "last": (as_it_is, [("24h", "24h")]),
    "report_uri": (as_it_is, [("file:///1_0.html", "file:///1_0.html")]),
    "manifest": (as_it_is, [({"result": {"send_date": "1_0"}}, {"result": {"send_date": "1_0"}})]),
}
KINDS["sent_to"] = KINDS["sent_from"]
KINDS["first_date"] = KINDS["last_date"] = KINDS["through"] = KINDS["send_date"]


def operators() -> Iterator[type[BaseOperator]]:
    info = get_provider_info()
    modules = [name for kind in ("operators", "sensors") for entry in info[kind] for name in entry["python-modules"]]
    for module in [*modules, *(entry["python-module"] for entry in info["transfers"])]:
        for each in vars(importlib.import_module(module)).values():
            if isinstance(each, type) and issubclass(each, BaseOperator) and each.__name__ not in NOT_OURS:
                yield each


FIELDS = sorted(
    {(each, name) for each in operators() for name in each.template_fields},
    key=lambda pair: (pair[0].__name__, pair[1]),
)


def rendered(operator: type[BaseOperator], field: str, value: Any, *, native: bool) -> Any:
    """Make an operator whose field is a template, and render it as a task does."""
    given = {**REQUIRED[operator.__name__], field: "{{ value() }}"}
    if field in ("biz_id", "sent"):
        given = {name: each for name, each in given.items() if name != "out_id"}
    if field == "sent":
        del given["phone_numbers"]
    if field == "manifest":
        del given["send_date"]
    if field == "phone_numbers":
        given = {name: each for name, each in given.items() if name != "sent_uri"}
    with DAG(
        "renders", schedule=None, render_template_as_native_obj=native, user_defined_macros={"value": lambda: value}
    ):
        task: Any = operator(task_id="task", **given)
    task.render_template_fields({"task": task})
    task.check_arguments()
    return task


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(("operator", "field"), FIELDS, ids=lambda each: getattr(each, "__name__", each))
def test_what_an_expression_returns_comes_out_or_is_refused(
    operator: type[BaseOperator], field: str, native: bool
) -> None:
    read, pairs = KINDS[field]
    kept = 0
    for value, wanted in pairs:
        try:
            task = rendered(operator, field, value, native=native)
            found = read(task, field)
        except DysmsInputError:
            continue
        assert found == wanted
        kept += 1
    assert kept > 0


def test_no_operator_is_left_out() -> None:
    assert {each.__name__ for each in operators()} == REQUIRED.keys()
    assert all(issubclass(each, CheckedArguments) for each in operators())


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(
    "written",
    [
        '{"code": 000000}',
        '{"code": 1_0}',
        '{"code": 0x10}',
        "{\"code\": 1e5, 'n': 1}",
        '{"code": "1", "code": "2"}',
        "{'code': '1', 'code': '2'}",
        '{"code": NaN}',
        "{'code': '1' '2'}",
        "{'code'}",
        '["code"]',
        "{" * 100_000,
    ],
)
def test_parameters_that_would_lose_something_are_refused(written: str, native: bool) -> None:
    from airflow_provider_dysms.operators.dysms import DysmsSendSmsOperator

    with pytest.raises(DysmsInputError, match=r"^template_param"):
        rendered(DysmsSendSmsOperator, "template_param", written, native=native)


@pytest.mark.parametrize(
    "written", ["['a' 'b']", "['a'", "[1_0]", "{'a': 'b'}", "[1]", "(1, 2)", "[None]", '["a", ["b"]]', "[" * 100_000]
)
def test_lists_that_would_lose_something_are_refused(written: str) -> None:
    with pytest.raises(DysmsInputError, match=r"^sign_names"):
        template_values.read_texts("sign_names", written)


@pytest.mark.parametrize("written", ['{"a": 1, "a": 2}', "[1]", "a", "{1: {2: 3}", 7, ["a"]])
def test_mappings_that_are_none_are_refused(written: Any) -> None:
    with pytest.raises(DysmsInputError, match=r"^columns"):
        template_values.read_mapping("columns", written)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("field", ["sent_uri", "output_uri"])
def test_a_path_of_object_storage_is_taken_for_a_uri(field: str, native: bool) -> None:
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    given = {**REQUIRED["DysmsToObjectStorageOperator"], field: ObjectStoragePath("file:///tmp/{{ value() }}")}
    with DAG(
        "paths", schedule=None, render_template_as_native_obj=native, user_defined_macros={"value": lambda: "1_0"}
    ):
        task: Any = DysmsToObjectStorageOperator(task_id="task", **given)
    task.render_template_fields({"task": task})
    task.check_arguments()
    assert getattr(task, field) == "file:///tmp/1_0"
