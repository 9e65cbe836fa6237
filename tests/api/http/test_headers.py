"""Headers as lines and as fields are the same headers."""

from __future__ import annotations

from airflow_provider_dysms.api.http.headers import header_fields, header_lines


def test_each_header_is_one_line() -> None:
    assert header_lines({}) == ""
    assert header_lines({"host": "h", "x-acs-date": "d"}) == "host: h\r\nx-acs-date: d\r\n"


def test_the_lines_give_the_fields_back() -> None:
    fields = {"host": "127.0.0.1:8085", "authorization": "ACS3-HMAC-SHA256 Credential=a: b,Signature=c", "empty": ""}
    assert header_fields(header_lines(fields)) == fields
    assert header_fields("") == {}
