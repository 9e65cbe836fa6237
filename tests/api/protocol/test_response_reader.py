"""A response is a result or an error, and its request id is returned in both cases."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from airflow_provider_dysms.api.protocol import response_reader
from airflow_provider_dysms.model.errors import DysmsNotFound, DysmsThrottled, DysmsUnreadable


def read(body: bytes, *, status: int = 200, headers: Mapping[bytes, bytes] | None = None) -> tuple[object, ...]:
    def parse(payload: Mapping[str, object]) -> object:
        if "Data" not in payload:
            raise DysmsUnreadable("Data is missing")
        return payload["Data"]

    return response_reader.read("QueryMessage", status, headers or {}, body, parse)


def test_a_success_is_parsed() -> None:
    assert read(b'{"Code": "OK", "RequestId": "R-1", "Data": 7}') == (7, None, "R-1")


def test_a_success_that_cannot_be_parsed_is_an_error_with_a_request_id() -> None:
    result, error, request_id = read(b'{"Code": "OK", "RequestId": "R-1"}')
    assert (result, request_id) == (None, "R-1")
    assert isinstance(error, DysmsUnreadable)


def test_an_error_code_is_an_error() -> None:
    result, error, request_id = read(b'{"Code": "isv.DATA_NOT_EXIST", "RequestId": "R-1", "Data": 7}')
    assert (result, request_id) == (None, "R-1")
    assert isinstance(error, DysmsNotFound)


def test_a_body_that_is_neither_json_nor_xml_has_no_request_id() -> None:
    result, error, request_id = read(b"<html>")
    assert (result, request_id) == (None, None)
    assert isinstance(error, DysmsUnreadable)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({b"retry-after": b"3"}, 3.0),
        ({b"x-acs-retry-after": b"1500"}, 1.5),
        ({b"x-acs-retry-after": b"1500", b"retry-after": b"3"}, 1.5),
        ({b"x-acs-retry-after": b"soon", b"retry-after": b"3"}, 3.0),
        ({b"retry-after": b"Fri, 31 Dec 2027 23:59:59 GMT"}, None),
        ({b"retry-after": b"-1"}, None),
        ({b"retry-after": b"\xb2"}, None),
        ({b"retry-after": b"9" * 10}, None),
    ],
)
def test_a_throttled_response_may_say_how_long_to_wait(headers: dict[bytes, bytes], seconds: float | None) -> None:
    _, error, _ = read(b'{"Code": "Throttling.User"}', status=400, headers=headers)
    assert isinstance(error, DysmsThrottled)
    assert error.retry_after == seconds
