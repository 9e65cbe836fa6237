"""The rates and endpoints that follow from a client's settings."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.model.errors import DysmsInputError

CREDENTIALS = Credentials("LTAI5tFake", "secret")


@pytest.mark.parametrize(
    ("changes", "per_second"),
    [
        ({}, 0.4 * 300),
        ({"quota_share": 1.0}, 300),
        ({"quota": {"QueryMessage": 1000.0}}, 400),
        ({"requests_per_second": 5.0}, 5),
        ({"requests_per_second": 9999.0}, 300),
        ({"requests_per_second": 500.0, "quota": {"QueryMessage": 1000.0}, "quota_share": 0.1}, 500),
    ],
)
def test_the_rate_is_a_share_of_the_quota_or_a_number_of_its_own(changes: dict[str, object], per_second: float) -> None:
    settings = Settings(credentials=CREDENTIALS, **changes)  # type: ignore[arg-type]
    assert settings.per_second("QueryMessage") == pytest.approx(per_second)


def test_each_version_has_its_endpoint_and_a_host_replaces_both() -> None:
    of_region = Settings(credentials=CREDENTIALS, region_id="ap-southeast-5")
    assert of_region.endpoint("2018-05-01").host == "dysmsapi.ap-southeast-5.aliyuncs.com"
    default = Settings(credentials=CREDENTIALS)
    assert default.endpoint("2017-05-25").host != default.endpoint("2018-05-01").host
    local = Settings(credentials=CREDENTIALS, host="127.0.0.1", port=8085)
    assert local.endpoint("2017-05-25") == local.endpoint("2018-05-01")


def test_another_host_must_be_allowed() -> None:
    with pytest.raises(DysmsInputError, match="allow_custom_endpoint"):
        Settings(credentials=CREDENTIALS, host="gateway.example").endpoint("2017-05-25")
    allowed = Settings(credentials=CREDENTIALS, host="gateway.example", allow_custom_endpoint=True)
    assert allowed.endpoint("2017-05-25").url == "https://gateway.example"


def test_a_repr_shows_no_secret() -> None:
    assert "secret" not in repr(Settings(credentials=CREDENTIALS, proxy="http://user:secret@proxy:3128"))
