"""The quotas: which requests are within them, which are throttled, and how they are counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.quotas import QUOTAS, Quotas


class FakeTime:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_documented_quotas_are_the_default(emulator: Any) -> None:
    assert emulator.quotas() == QUOTAS
    assert (QUOTAS["QuerySendDetails"], QUOTAS["QuerySendStatistics"], QUOTAS["QueryMessage"]) == (5_000, 20, 300)


def test_no_window_of_a_second_has_more_requests_than_the_quota() -> None:
    time = FakeTime()
    quotas = Quotas(time)
    quotas.configure({"QueryMessage": 10})
    acquired = []
    for _ in range(400):
        if quotas.try_acquire("main", "QueryMessage"):
            acquired.append(time.now)
        time.now += 0.0137
    assert len(acquired) > 40
    assert max(sum(start <= each < start + 1 for each in acquired) for start in acquired) == 10


def test_accounts_and_actions_have_their_own_quotas_and_refused_requests_do_not_count() -> None:
    time = FakeTime()
    quotas = Quotas(time)
    quotas.configure({"QueryMessage": 1})
    assert [quotas.try_acquire("a", "QueryMessage"), quotas.try_acquire("a", "QueryMessage")] == [True, False]
    assert quotas.try_acquire("b", "QueryMessage")
    assert quotas.try_acquire("a", "QuerySendDetails")
    time.now += 0.999
    assert not quotas.try_acquire("a", "QueryMessage")
    time.now += 0.001
    assert quotas.try_acquire("a", "QueryMessage")


@pytest.mark.parametrize("status", [400, 429])
def test_requests_above_the_quota_are_throttled(legacy: Callable[..., bytes], emulator: Any, status: int) -> None:
    emulator.configure(throttle_status=status)
    emulator.quotas(QueryMessage=2)
    codes = []
    for _ in range(4):
        try:
            codes.append(json.loads(legacy("2018-05-01", "QueryMessage", {"MessageId": "1"}))["ResponseCode"])
        except ServerException as error:
            codes.append(f"{error.error_code} {error.http_status}")
    assert codes == [*["DATA_NOT_EXIST"] * 2, *[f"Throttling.User {status}"] * 2]
    assert emulator.requests() == {"QueryMessage": {"requests": 4, "throttled": 2, "worst_second": 4}}


def test_all_keys_of_an_account_share_its_quota(legacy: Callable[..., bytes], emulator: Any) -> None:
    emulator.add_account(access_key_id="LTAI5tSecond", access_key_secret="s")
    emulator.quotas(QueryMessage=1)
    legacy("2018-05-01", "QueryMessage", {"MessageId": "1"})
    with pytest.raises(ServerException, match=r"Throttling\.User"):
        legacy("2018-05-01", "QueryMessage", {"MessageId": "1"}, access_key_id="LTAI5tSecond", access_key_secret="s")


@pytest.mark.parametrize("quotas", [{"NoSuchAction": 1}, {"QueryMessage": 0}, {"QueryMessage": 1.5}])
def test_an_invalid_quota_is_refused_by_name(emulator: Any, quotas: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(quotas))):
        emulator.quotas(**quotas)
    assert emulator.quotas() == QUOTAS
