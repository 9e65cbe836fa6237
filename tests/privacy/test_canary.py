"""No number, text or secret is told by a whole Airflow at level DEBUG, however tasks are given it, however they end."""

from __future__ import annotations

import hmac
import io
import re
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
from airflow.sdk import BaseOperator
from support.privacy.canary_run import Traces
from support.privacy.expected_finds import ALLOWED, ALLOWED_MORE, LEAKED, told, unfound
from support.privacy.hiding_places import layers

from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators import dysms as operators
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.triggers.dysms import DysmsSendDetailsTrigger

#: How the careless task's number has to be found.
LEAKS = [
    r"table rendered_task_instance_fields\.rendered_fields",
    r"table serialized_dag\.data",
    r"table xcom\.value",
    r"passing trigger",
    r"home: airflow\.db.*",
    r"home: logs/.*/task_id=careless/attempt=1\.log",
    r"home: logs/.*/task_id=careless/.*trigger.*",
    r"lineage: event-.*-FAIL\.json",
]

ENDS_BADLY = {"careless", "deferrable_timeout", "audit_killed_hashed"}
MORE_END_BADLY = {
    "query_refused",
    "query_interrupted",
    "send_uncertain",
    "send_globe_refused",
    "poke_fails",
    "message_poke_refused",
    "deferrable_fails",
    "no_privacy_key",
    "audit_rejected",
    "audit_refused",
    "audit_incomplete",
    "audit_killed_plain",
}


def test_the_tasks_ended_as_they_were_meant_to(traces: Traces) -> None:
    assert {task for task, state in traces.states.items() if state == "failed"} == ENDS_BADLY
    assert set(traces.states.values()) == {"success", "failed"}


def test_nothing_is_told_but_what_the_user_told_airflow_himself(
    traces: Traces, say_last: Callable[[str], None]
) -> None:
    found = list(told(traces, ALLOWED))
    say_last("canary: " + traces.counted(len(found)))
    assert found == []


def test_what_may_be_there_is_found_there(traces: Traces) -> None:
    assert list(unfound(traces, ALLOWED)) == []


def test_a_careless_task_is_found_everywhere(traces: Traces) -> None:
    assert list(unfound(traces, [(LEAKED, where) for where in LEAKS])) == []


def test_the_loggers_that_say_most_were_heard(traces: Traces) -> None:
    logs = "\n".join(text.decode(errors="replace") for place, text in traces.texts.items() if place.endswith(".log"))
    said = set(re.findall(r'"level":"debug"[^\n]*?"logger":"([\w.]+)"', logs))
    assert {"asyncio", "airflow_provider_dysms"} <= {name.split(".")[0] for name in said}


def test_a_wait_is_stored_sealed_and_its_seal_is_the_only_thing_around_its_numbers(traces: Traces) -> None:
    scene = traces.scene
    stored = b"\n".join(layers(traces.texts["passing trigger"], traces.fernet))
    seals = re.findall(rb'"sealed": ?"([\w=.-]+)"', stored)
    opened = b"\n".join(PrivacyKey(scene.canaries.secret("privacy_secret")).unseal(seal.decode()) for seal in seals)
    assert {"number partial", "number also_partial"} <= scene.canaries.found_in(opened).keys()


def test_a_killed_audit_keeps_hashes_for_its_next_try_and_leaves_nothing_on_the_worker(traces: Traces) -> None:
    kept = traces.files(r"out: killed_hashed/_spool/.*\.segment")
    stored = b"\n".join(layer for text in kept for layer in layers(text))
    assert hmac_of(traces, traces.scene.canaries.number("killed_hashed_0")).encode() in stored
    assert traces.files(r"temporary: .*") == []


def test_numbers_are_hashed_by_hmac_and_stand_in_no_column_beside(traces: Traces) -> None:
    scene = traces.scene
    (content,) = traces.files(r"out: hashed/.*/part-0\.parquet")
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    numbers = [scene.canaries.number("hashed"), scene.canaries.foreign("audit_hashed")]
    assert [row["phone_hash"] for row in rows[:2]] == [hmac_of(traces, number) for number in numbers]
    assert [row["state"] for row in rows] == ["failed", "failed", "rejected"]
    assert [row["error_code"] for row in rows] == ["***", "NO ROUTE TO ***", None]
    assert not {"content", "phone_number"} & rows[0].keys()


def test_errors_say_what_is_needed_to_go_on(traces: Traces) -> None:
    assert "plain.csv:4 is rejected: phone_number" in traces.log_of("audit_plain_keep")
    said = traces.log_of("hook")
    problem = "QuerySendDetails: the service does not accept the value of a parameter (code isv.MOBILE_NUMBER_ILLEGAL"
    assert problem in said
    assert re.search(r"SendSms: .*request id [0-9A-F]{8}-", said)


def test_a_stored_trigger_prints_as_what_is_no_secret(traces: Traces) -> None:
    """In the triggerer's logs, and wherever else it is printed."""
    scene = traces.scene
    trigger = DysmsSendDetailsTrigger(sealed=scene.canaries.number("leaked"), count=1, digest="0" * 16)
    assert scene.canaries.found_in(f"{trigger!r} {trigger}".encode()) == {}


def test_openlineage_was_told_of_every_task(traces: Traces) -> None:
    assert traces.untold == set()


def test_openlineage_was_told_how_a_task_failed(traces: Traces) -> None:
    failed = b"".join(traces.files(r"lineage: .*-canary\.deferrable_timeout-FAIL\.json"))
    assert b'"stackTrace": "Traceback' in failed


def test_openlineage_was_told_of_datasets_and_of_the_completeness_of_audits(traces: Traces) -> None:
    """So the search for numbers had something to search."""
    told = b"".join(traces.files(r"lineage: .*-canary\.audit_plain.*-COMPLETE\.json"))
    assert b'"dataQualityAssertions"' in told
    assert b'"outputStatistics"' in told


def test_only_operators_that_read_or_write_files_tell_lineage_of_datasets() -> None:
    """OpenLineage asks operators by such methods; of the others it sees names, and the assets that they declare."""
    ours = [
        *(each for each in vars(operators).values() if isinstance(each, type) and issubclass(each, BaseOperator)),
        DysmsMessageSensor,
        DysmsSendDetailsSensor,
        DysmsToObjectStorageOperator,
    ]
    assert len(ours) > 6
    telling = {each for each in ours for name in dir(each) if name.startswith("get_openlineage")}
    assert telling == {
        DysmsToObjectStorageOperator,
        operators.DysmsFindSendingDetailsOperator,
        operators.DysmsQuerySendStatisticsOperator,
        operators.DysmsSettledDateOperator,
        operators.DysmsVerifyPartitionOperator,
    }


def hmac_of(traces: Traces, number: str) -> str:
    """Return the hash of a number: HKDF (RFC 5869) and HMAC, by nothing but SHA-256."""
    extracted = hmac.digest(bytes(32), traces.scene.canaries.secret("privacy_secret").encode(), "sha256")
    key = hmac.digest(extracted, b"airflow-provider-dysms/1/phone_hash" + b"\x01", "sha256")
    return hmac.digest(key, number.encode(), "sha256").hex()


@pytest.mark.canary
class TestMore:
    """The cases that take longer: `make canary`."""

    def test_the_tasks_ended_as_they_were_meant_to(self, more_traces: Traces) -> None:
        assert {task for task, state in more_traces.states.items() if state == "failed"} == MORE_END_BADLY

    def test_nothing_is_told_but_what_the_user_told_airflow_himself(
        self, more_traces: Traces, say_last: Callable[[str], None]
    ) -> None:
        found = list(told(more_traces, ALLOWED + ALLOWED_MORE))
        say_last("canary: " + more_traces.counted(len(found)))
        assert found == []

    def test_what_may_be_there_is_found_there(self, more_traces: Traces) -> None:
        assert list(unfound(more_traces, ALLOWED + ALLOWED_MORE)) == []

    def test_openlineage_was_told_of_every_task(self, more_traces: Traces) -> None:
        assert more_traces.untold == set()

    def test_the_store_was_talked_to_at_level_debug(self, more_traces: Traces) -> None:
        said = more_traces.log_of("audit_s3")
        assert '"logger":"botocore' in said
        assert "PutObject" in said

    def test_errors_say_what_is_needed_to_go_on(self, more_traces: Traces) -> None:
        key = PrivacyKey(more_traces.scene.canaries.secret("privacy_secret"))
        token = {name: key.phone_token(more_traces.scene.canaries.number(name)) for name in ("refused", "failed")}
        refused = more_traces.log_of("query_refused")
        assert f"phone_numbers (number 1 of the list, token {token['refused']}): QuerySendDetails" in refused
        assert re.search(r"request id [0-9A-F]{8}-", refused)
        assert f"The first that did not: 1 (token {token['failed']})" in more_traces.log_of("poke_fails")
        assert "the first are rejected.csv:2 (phone_number" in more_traces.log_of("audit_rejected")
        assert "refused.csv:2: QuerySendDetails: " in more_traces.log_of("audit_refused")
