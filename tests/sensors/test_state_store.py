"""Reports survive between two polls, within an attempt and for the same messages only; a failing store ends nothing."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.trigger import Trigger

from airflow_provider_dysms.model.delivery import State, describe
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.reports import MISSING, Report
from airflow_provider_dysms.sensors.state_store import (
    MAX_TRIGGER_BYTES,
    STATE_KEY,
    check_trigger_size,
    load_reports,
    push_reports,
    store_reports,
    stored_size,
)
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger

REPORTS = {0: Report(describe(State.DELIVERED, "DELIVERED"), "DELIVERED"), 3: MISSING}
LOG = logging.getLogger("of a task")


class Store(dict[str, Any]):
    def __bool__(self) -> bool:
        return True

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


class Failing:
    def set(self, key: str, value: Any) -> None:
        raise OSError("no route")

    def get(self, key: str) -> Any:
        raise OSError("no route")

    def xcom_push(self, **_: Any) -> None:
        raise OSError("no route")


def context(store: Any, attempt: int = 1) -> Any:
    return {"task_state_store": store, "ti": SimpleNamespace(try_number=attempt)}


def test_reports_come_back_for_the_same_messages_and_attempt() -> None:
    store = Store()
    store_reports(context(store), "digest", REPORTS, LOG)
    assert load_reports(context(store), ("new", "digest"), LOG) == REPORTS
    assert load_reports(context(store), ("another",), LOG) == {}


def test_the_next_attempt_asks_again_for_missing_messages() -> None:
    store = Store()
    store_reports(context(store), "digest", REPORTS, LOG)
    assert load_reports(context(store, attempt=2), ("digest",), LOG) == {0: REPORTS[0]}


def test_nothing_is_stored_without_reports_or_without_a_store() -> None:
    store = Store()
    store_reports(context(store), "digest", {}, LOG)
    assert store == {}
    store_reports(context(None), "digest", REPORTS, LOG)
    assert load_reports(context(None), ("digest",), LOG) == {}


@pytest.mark.parametrize("stored", [None, "text", {}, {"digest": "digest"}, {"digest": "digest", "reports": "!"}])
def test_what_cannot_be_read_is_queried_again(stored: Any) -> None:
    assert load_reports(context(Store({STATE_KEY: stored})), ("digest",), LOG) == {}


def test_a_store_that_fails_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    store_reports(context(Failing()), "digest", REPORTS, LOG)
    assert load_reports(context(Failing()), ("digest",), LOG) == {}
    push_reports({"ti": Failing()}, [], LOG)  # type: ignore[typeddict-item]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]


def test_the_size_of_a_trigger_is_what_airflow_stores() -> None:
    for count in (1, 7, 100):
        trigger = DysmsMessageTrigger(message_ids=[f"{place:020d}" for place in range(count)])
        assert stored_size(trigger) == len(Trigger.encrypt_kwargs(trigger.serialize()[1]))


def test_a_trigger_that_does_not_fit_is_refused() -> None:
    ids = [f"{place:0250d}" for place in range(200)]
    with pytest.raises(DysmsInputError, match=rf"needs \d+ bytes .* more than the {MAX_TRIGGER_BYTES} .* map the task"):
        check_trigger_size("message_ids", DysmsMessageTrigger(message_ids=ids))
    check_trigger_size("message_ids", DysmsMessageTrigger(message_ids=ids[:50]))
