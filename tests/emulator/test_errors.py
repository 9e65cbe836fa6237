"""The errors of the emulated service: their payloads for the gateway and for each API version."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.emulator.errors import (
    VERSION_CHINA,
    VERSION_GLOBE,
    ApiError,
    business_error,
    gateway_error,
    throttled_error,
)


def payload(error: ApiError, version: str | None, *, bare: bool = True) -> dict[str, object]:
    return error.payload("R-1", "host:80", version, bare=bare)


@pytest.mark.parametrize("version", [VERSION_CHINA, VERSION_GLOBE, None])
def test_a_gateway_error_has_one_form_for_all_versions(version: str | None) -> None:
    error = gateway_error("InvalidParameter", "It is wrong.")
    assert error.status == 400
    fields = payload(error, version)
    assert (fields["Code"], fields["Message"], fields["HostId"]) == ("InvalidParameter", "It is wrong.", "host:80")
    assert "q=InvalidParameter&" in str(fields["Recommend"])


def test_a_business_error_has_the_form_of_its_version() -> None:
    error = business_error("isv.X", "It is wrong.")
    assert error.status is None
    assert payload(error, VERSION_CHINA) == {"Code": "isv.X", "Message": "It is wrong.", "RequestId": "R-1"}
    codes = [payload(error, VERSION_GLOBE, bare=bare)["ResponseCode"] for bare in (True, False)]
    assert codes == ["X", "isv.X"]
    assert payload(business_error("isp.X", "", verbatim=True), VERSION_GLOBE)["ResponseCode"] == "isp.X"


def test_a_throttled_request_can_be_told_when_to_retry() -> None:
    assert throttled_error(429, None).headers == ()
    error = throttled_error(429, 1500.0)
    assert (error.status, error.headers) == (429, ((b"x-acs-retry-after", b"1500"),))
