"""Planned faults: each happens as planned, on the planned requests, and to no other request."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.faults import LISTING_KINDS
from airflow_provider_dysms.emulator.quotas import QUOTAS

NUMBER = "13900000000"


@pytest.fixture
def rows_137(emulator: Any) -> list[dict[str, Any]]:
    now = emulator.now() - timedelta(minutes=3)
    messages = [
        {"phone_number": NUMBER, "sent_at": (now + timedelta(seconds=n)).isoformat(), "out_id": f"{n}"}
        for n in range(137)
    ]
    return emulator.add_messages(messages)


@pytest.fixture
def page(legacy: Callable[..., bytes], today: Callable[..., str], rows_137: Any) -> Callable[..., Any]:
    """A page of the 137 rows: (TotalCount, OutIds)."""

    def ask(number: int) -> Any:
        parameters = {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 50, "CurrentPage": number}
        response = json.loads(legacy("2017-05-25", "QuerySendDetails", parameters))
        if response["Code"] != "OK":
            return response["Code"]
        rows = response["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return response["TotalCount"], [int(row["OutId"]) for row in rows]

    return ask


def newest(first: int, last: int) -> list[int]:
    return list(range(first, last - 1, -1))


HEALTHY = [(137, newest(136, 87)), (137, newest(86, 37)), (137, newest(36, 0))]


def test_without_a_fault_the_pages_are_whole(page: Any) -> None:
    assert [page(1), page(2), page(3)] == HEALTHY


@pytest.mark.parametrize(
    ("plan", "code", "status"),
    [
        ({"kind": "throttle"}, "Throttling.User", 400),
        ({"kind": "throttle", "status": 429}, "Throttling.User", 429),
        ({"kind": "status"}, "ServiceUnavailable", 503),
        ({"kind": "status", "status": 500, "code": "InternalError"}, "InternalError", 500),
        ({"kind": "status", "status": 403, "code": "Forbidden.RAM"}, "Forbidden.RAM", 403),
    ],
)
def test_a_gateway_error_happens_once(page: Any, emulator: Any, plan: dict[str, Any], code: str, status: int) -> None:
    emulator.fault(**plan)
    with pytest.raises(ServerException) as failed:
        page(1)
    assert (failed.value.error_code, failed.value.http_status) == (code, status)
    assert page(1) == HEALTHY[0]


def test_a_business_error_has_http_status_200(page: Any, emulator: Any) -> None:
    emulator.fault("business", page=2)
    emulator.fault("business", code="isp.SYSTEM_ERROR", page=3)
    assert [page(1), page(2), page(3)] == [HEALTHY[0], "isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR"]


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_the_connection_breaks_once(page: Any, emulator: Any, kind: str) -> None:
    emulator.fault(kind)
    with pytest.raises((ClientException, OSError, http.client.HTTPException, ValueError)):
        page(1)
    assert page(1) == HEALTHY[0]


def test_the_last_page_is_empty(page: Any, emulator: Any) -> None:
    emulator.fault("empty_page", page="last")
    assert [page(1), page(2), page(3), page(3)] == [*HEALTHY[:2], (137, []), HEALTHY[2]]


def test_a_total_without_rows(page: Any, emulator: Any) -> None:
    emulator.fault("total_without_rows")
    assert [page(1), page(1)] == [(2, []), HEALTHY[0]]


@pytest.mark.parametrize("value", [-1, "many", "137", 136.5])
def test_the_total_count_can_be_anything(page: Any, emulator: Any, value: object) -> None:
    emulator.fault("total_count", value=value)
    assert page(1) == (value, HEALTHY[0][1])


def test_a_first_row_is_inserted_between_two_pages(page: Any, emulator: Any) -> None:
    emulator.fault("insert_row", page=2)
    assert page(1) == HEALTHY[0]
    assert page(2) == (138, newest(87, 38))
    assert page(3) == (138, newest(37, 0))


def test_the_first_row_is_removed_between_two_pages(page: Any, emulator: Any) -> None:
    emulator.fault("remove_row", page=2)
    assert page(1) == HEALTHY[0]
    assert page(2) == (136, newest(85, 36))


def test_a_page_is_repeated(page: Any, emulator: Any) -> None:
    emulator.fault("repeated_page", page=2)
    assert [page(1), page(2), page(2)] == [HEALTHY[0], HEALTHY[0], HEALTHY[1]]


def test_rows_belong_to_another_number(legacy: Any, today: Any, emulator: Any, rows_137: Any) -> None:
    emulator.fault("foreign_rows")
    parameters = {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 50, "CurrentPage": 1}
    response = json.loads(legacy("2017-05-25", "QuerySendDetails", parameters))
    assert NUMBER not in {row["PhoneNum"] for row in response["SmsSendDetailDTOs"]["SmsSendDetailDTO"]}


def test_a_fault_happens_as_often_as_planned_on_the_planned_requests(page: Any, emulator: Any) -> None:
    emulator.fault("business", page=1, times=None, every=2, skip=1)
    assert [isinstance(page(1), str) for _ in range(6)] == [False, False, True, False, True, False]
    assert page(2) == HEALTHY[1]
    emulator.fault("business", action="QueryMessage")
    emulator.fault("business", where={"PhoneNumber": "13900000001"})
    assert page(2) == HEALTHY[1]
    assert [fault["fired"] for fault in emulator.faults()] == [2, 0, 0]
    emulator.clear_faults()
    assert emulator.faults() == []


def test_a_fault_comes_and_goes_in_a_rhythm(signed_request: Any, exchange: Any, emulator: Any) -> None:
    emulator.fault("status", times=None, rhythm=0.3)
    started_at, spells = time.monotonic(), list[int]()
    while len(spells) < 4:
        emulator.reset("requests")
        status = exchange(signed_request()).status
        if spells[-1:] != [status]:
            spells.append(status)
        assert time.monotonic() - started_at < 60
    assert time.monotonic() - started_at > 0.5


@pytest.mark.parametrize(
    "plan",
    [
        {"kind": "none such"},
        {"kind": "reset", "page": "last"},
        {"kind": "reset", "every": 0},
        {"kind": "reset", "rhythm": 0},
        {"kind": "reset", "x": 1},
        {"kind": "reset", "times": 1.5},
        {"kind": "reset", "skip": True},
        {"kind": "reset", "page": 0},
        {"kind": "reset", "page": "first"},
        {"kind": "reset", "where": {"CurrentPage": 1}},
        {"kind": "reset", "seconds": 3},
        {"kind": "business", "status": 500},
    ],
)
def test_an_invalid_fault_is_refused(emulator: Any, plan: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        emulator.fault(**plan)
    assert emulator.faults() == []


@pytest.mark.parametrize("kind", LISTING_KINDS)
@pytest.mark.parametrize("action", [*QUOTAS, "QuerySendDetail", ""])
def test_a_fault_that_can_never_happen_to_an_action_is_refused(emulator: Any, kind: str, action: str) -> None:
    able = {"QuerySendDetails"}
    if kind not in ("insert_row", "remove_row", "foreign_rows"):
        able.add("QuerySendStatistics")
    if action in able:
        assert emulator.fault(kind, action=action)["fired"] == 0
    else:
        with pytest.raises(
            InputError, match="does not exist; the actions are" if action not in QUOTAS else "can never happen"
        ):
            emulator.fault(kind, action=action)
    with pytest.raises(InputError, match="the actions are QuerySendDetails"):
        emulator.fault("reset", action="QuerySendDetail")
    for without_pages in ("QueryMessage", "SendSms"):
        with pytest.raises(InputError, match="can never happen"):
            emulator.fault("status", action=without_pages, page=1)


def test_a_fault_that_changed_nothing_is_not_counted(page: Any, legacy: Any, emulator: Any, today: Any) -> None:
    for kind in ("empty_page", "insert_row", "remove_row", "foreign_rows", "repeated_page"):
        emulator.fault(kind, where={"PhoneNumber": "13900000009"})
    parameters = {"PhoneNumber": "13900000009", "SendDate": today(), "PageSize": 50, "CurrentPage": 1}
    legacy("2017-05-25", "QuerySendDetails", parameters)
    emulator.fault("repeated_page", action="QuerySendDetails")
    assert page(1) == HEALTHY[0], "no page comes before it"
    assert set(emulator.fired().values()) == {0}
    assert page(2) == HEALTHY[0]
    assert emulator.fired()["repeated_page"] == 1
    emulator.fault("business")
    emulator.fault("throttle")
    assert page(1) == "isv.BUSINESS_LIMIT_CONTROL"
    assert (emulator.fired()["business"], emulator.fired()["throttle"]) == (1, 0), "the first hides the second"
    assert {fault["kind"]: fault["fired"] for fault in emulator.clear_faults()}["business"] == 1
    assert emulator.fired() == {}


def test_statistics_have_listing_faults_too(legacy: Any, emulator: Any, today: Any) -> None:
    for days in range(3):
        emulator.add_message(phone_number=NUMBER, sent_at=emulator.now() - timedelta(days=days))

    def ask(number: int) -> tuple[Any, int]:
        parameters = {"IsGlobe": 1, "StartDate": today(5), "EndDate": today(), "PageIndex": number, "PageSize": 2}
        data = json.loads(legacy("2017-05-25", "QuerySendStatistics", parameters, method="POST"))["Data"]
        return data["TotalSize"], len(data["TargetList"])

    assert [ask(1), ask(2)] == [(3, 2), (3, 1)]
    for kind, page, response in (
        ("empty_page", "last", (3, 0)),
        ("total_count", 2, (-1, 1)),
        ("total_without_rows", 2, (2, 0)),
        ("repeated_page", 2, (3, 2)),
    ):
        emulator.fault(kind, action="QuerySendStatistics", page=page)
        assert [ask(1), ask(2), ask(2)] == [(3, 2), response, (3, 1)]
        assert emulator.fired() == {kind: 1}
        emulator.clear_faults()
