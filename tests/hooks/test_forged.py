"""Values that Airflow stores for us may have been edited or forged: they are read, or refused with a message."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.message_ids import parse_message_ids, parse_sent
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.model.safe_text import safe_text
from airflow_provider_dysms.operators.send_once.journal_entry import JournalEntry
from airflow_provider_dysms.operators.send_once.task_attempt import began_at
from airflow_provider_dysms.sensors.message_arguments import watched_by_request
from airflow_provider_dysms.sensors.wait_config import WaitConfig
from airflow_provider_dysms.sensors.worker_wait import WorkerWait
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger, DysmsSendDetailsTrigger
from airflow_provider_dysms.triggers.send import DysmsSendTrigger
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.serialization import WaitResult, unpack
from airflow_provider_dysms.waits.targets import WatchedMessage
from airflow_provider_dysms.waits.wait import Pace

KEY = "a key of the tests, " + "32 characters"
NUMBER = "139" + "24680135"

#: Texts that must not be repeated unchanged: a line of its own in a log, a terminal's escape code, a number.
PLANTED = f"x\nERROR \x1b[31m forged {NUMBER}"

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(PLANTED)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just(PLANTED), inner, max_size=4)
    ),
)

EVENT: dict[str, Any] = {
    "version": 1,
    "digest": "0" * 16,
    "ended": "decided",
    "limit": "timeout",
    "reports": [[0, "delivered", "DELIVERED", 1_700_000_000, 1_700_000_001]],
    "absent": [],
    "error": None,
    "is_lasting": True,
}
NOTE: dict[str, Any] = {
    "state": "about to send",
    "recipients": "0" * 16,
    "content": "1" * 16,
    "since": "2026-11-28T00:00:00+00:00",
    "until": "2026-11-28T00:00:00+00:00",
    "signed_at": "2026-11-28T00:00:00+00:00",
    "out_id": "a",
    "noted": True,
    "try": 1,
    "positions": 3,
    "sent": {"send_date": "2026-11-28"},
}
SENT: dict[str, Any] = {
    "kind": "sms",
    "biz_id": "1^0",
    "out_id": "a",
    "send_date": str(datetime.now(UTC).date()),
    "sent_at": "2026-11-28T00:00:00Z",
    "token": PrivacyKey(KEY).seal(json.dumps([NUMBER]).encode()),
}


@st.composite
def altered(draw: Any, stored: dict[str, Any]) -> Any:
    """Anything, or what was stored with some of its parts replaced or taken away."""
    if draw(st.integers(0, 3)) == 0:
        return draw(anything)
    found = dict(stored)
    for name in draw(st.sets(st.sampled_from(sorted(stored)), min_size=1, max_size=3)):
        if draw(st.booleans()):
            found[name] = draw(anything)
        else:
            del found[name]
    return found


def refused(read: Any, *given: Any) -> None:
    """Read something; if it is refused, the error is one of ours and repeats nothing unchanged."""
    try:
        read(*given)
    except (DysmsError, AirflowException) as error:
        said = str(error)
        assert "\n" not in said
        assert "\x1b" not in said
        assert NUMBER not in said


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(privacy_secret=KEY))


def worker_wait() -> WorkerWait:
    config = WaitConfig(
        watched=[WatchedMessage("1")],
        digests=("0" * 16,),
        goal=Goal(1, 1),
        wait_for="all",
        pace=Pace(10, 300, 300),
        until_all_final=False,
        started_at=0.0,
        limit="timeout",
        limit_seconds=60.0,
    )
    return WorkerWait(DysmsHook(), config, {})


@given(altered(EVENT))
def test_an_event(event: Any) -> None:
    def apply(event: Any) -> None:
        wait = worker_wait()
        wait.judge(is_over=wait.apply_event(event), fail_on_failed=True)

    refused(apply, event)


@given(st.sampled_from([EVENT, {**EVENT, "ended": "refused"}]), st.text(max_size=2000) | st.just(PLANTED * 100))
def test_what_an_event_says(event: dict[str, Any], said: str) -> None:
    error = WaitResult.restore({**event, "error": said}).error
    assert error is not None
    assert error.isprintable()
    assert NUMBER not in error
    assert len(error) < 6_000


@given(altered(NOTE))
def test_a_note_of_a_send(note: Any) -> None:
    refused(JournalEntry.read, note)


@given(altered(SENT) | st.lists(altered(SENT), max_size=3))
def test_what_a_send_returned(sent: Any) -> None:
    key = DysmsHook().privacy_key
    refused(lambda: watched_by_request(parse_sent(sent), key, datetime.now(UTC)))
    refused(parse_sent, sent)
    refused(parse_message_ids, sent)


@given(anything)
def test_ids_and_arguments_from_another_task(value: Any) -> None:
    refused(parse_message_ids, value)
    refused(parse_message_ids, str(value))
    refused(template_values.read_texts, "sign_names", value)
    refused(template_values.read_texts, "sign_names", str(value))
    refused(template_values.read_mapping, "columns", value)
    refused(template_values.read_mapping, "columns", str(value))
    began_at(value)
    began_at({"began": value})


@given(st.text())
def test_packed_reports(packed: str) -> None:
    with suppress(ValueError):
        unpack(packed)


@given(
    st.dictionaries(st.sampled_from(["message_ids", "sealed", "digest", "count", "dysms_conn_id", "moment"]), anything)
)
def test_a_trigger_shows_nothing_as_it_is(kwargs: dict[str, Any]) -> None:
    for kind in (DysmsMessageTrigger, DysmsSendDetailsTrigger, DysmsSendTrigger):
        said = repr(kind(**kwargs))
        assert said.isprintable()
        assert NUMBER not in said


def test_a_safe_text_is_one_line_and_bounded() -> None:
    assert safe_text(PLANTED) == r"x\nERROR \x1b[31m forged ***"
    assert len(safe_text("\x1b" * 10_000)) < 2_100
