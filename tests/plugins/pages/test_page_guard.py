"""Every response has the headers that bound it, and no number in an address reaches a log or a second address."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from airflow_provider_dysms.plugins.pages.page_guard import MAX_QUERY, SECURITY_POLICY

NUMBER = "139" + "12345678"
FIELDS = ["template_code", "phone_number", "sign_name", "country", "error_code", "sent_from", "cursor", "day", "other"]


@pytest.mark.parametrize("path", ["details?x=1", "report", "static/pages.css", "nothing", "number-removed"])
def test_every_response_is_bounded_by_its_headers(make_client: Any, path: str) -> None:
    response = make_client(archives="").get(path)
    assert response.headers["content-security-policy"] == SECURITY_POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    assert response.headers["referrer-policy"] == "same-origin"
    expected = "private, max-age=300" if "static" in path else "no-store"
    assert response.headers["cache-control"] == expected


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("page", ["details", "report"])
def test_a_number_in_an_address_is_taken_out_before_anything_logs_it(make_client: Any, page: str, field: str) -> None:
    client: TestClient = make_client(archives="", log=(log := []))
    response = client.get(f"{page}?{field}={NUMBER}")
    assert response.status_code == 400
    assert str(response.url).endswith("/dysms/number-removed")
    assert NUMBER not in response.text + response.headers.get("location", "")
    assert log
    assert NUMBER not in "".join(log)


def test_a_number_in_a_path_or_in_the_query_of_a_form_is_taken_out_too(make_client: Any) -> None:
    client: TestClient = make_client(archives="", log=(log := []))
    assert client.get(f"details/{NUMBER}").status_code == 404
    assert client.post(f"details?phone_number={NUMBER}", data={}).status_code == 400
    assert len(log) >= 2
    assert NUMBER not in "".join(log)


def test_a_query_that_is_too_long_is_not_read(make_client: Any) -> None:
    response = make_client(archives="").get("details?template_code=" + "x" * MAX_QUERY)
    assert str(response.url).endswith("/dysms/number-removed")
