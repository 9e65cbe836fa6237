"""People who were erased stay away, although the send log and the service still have them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention.erase import erase_people
from airflow_provider_dysms.storage.verify import verify

Attempts = Any
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
PERSON = "1390000" + "0003"
NOON = f"{DAY}T12:00:00+08:00"
log = logging.getLogger(__name__)


def erase(attempts: Attempts, **how: Any) -> dict[str, Any]:
    key = PrivacyKey("k" * 32)
    return erase_people(f"file://{attempts.out}", [PERSON], **{"mode": "remove", "privacy_key": key, "log": log, **how})


def numbers(attempts: Attempts) -> list[str]:
    return [row.get("phone_number") or row["phone_hash"] for row in attempts.rows()]


def assert_verified(attempts: Attempts) -> None:
    verify(f"file://{attempts.out}", f"send_date={DAY}")


@pytest.mark.parametrize("refresh", ["unsettled", "all"])
@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_a_refresh_does_not_bring_a_person_back(attempts: Attempts, refresh: str, phone: str) -> None:
    attempts.send(8)
    attempts(phone=phone)
    before = attempts.data().splitlines()
    assert erase(attempts)["rows"] == 1
    erased = attempts.data()
    assert len(erased.splitlines()) == 7
    attempts.asked()
    result = attempts(refresh=refresh, phone=phone)["result"]
    assert attempts.data() == erased
    assert attempts.asked() == (7 if refresh == "all" else 1)  # one waits; and the person is not asked about
    assert {name: result[name] for name in ("lines", "rows", "missing")} == {"lines": 8, "rows": 7, "missing": 0}
    assert (result["erased"]["lines"], result["erased"]["rows"]) == (1, 1)
    assert [line for line in before if line not in erased.splitlines()] == before[3:4]
    assert_verified(attempts)


def test_rows_with_a_hash_stay_in_a_refresh(attempts: Attempts) -> None:
    attempts.send(8)
    attempts()
    erase(attempts, mode="hash")
    erased = attempts.data()
    for refresh in ("unsettled", "all"):
        assert attempts(refresh=refresh)["result"]["erased"]["lines"] == 0
        assert attempts.data() == erased
    assert PrivacyKey("k" * 32).phone_hash(PERSON) in numbers(attempts)
    assert_verified(attempts)


def test_a_day_that_had_not_been_audited_leaves_the_person_out(attempts: Attempts) -> None:
    attempts.send(8)
    assert erase(attempts)["partitions"] == 0
    result = attempts()["result"]
    assert PERSON not in numbers(attempts)
    assert result["erased"] == {"lines": 1}
    assert result["settled"] is False


def test_a_line_that_cannot_be_looked_up_does_not_come_back(attempts: Attempts) -> None:
    attempts.send(8)
    with (attempts.folder / "sent.csv").open("a") as log:
        log.write(f"+86 {PERSON} 1,order-x,1\n+86{PERSON[:7]}-{PERSON[7:]},{'x' * 300},1\n")
    attempts(max_rejected_rate=1)
    assert erase(attempts)["rows"] == 3
    result = attempts(max_rejected_rate=1, refresh="all")["result"]
    assert (result["rejected"], result["erased"]["lines"]) == ({}, 3)
    assert_verified(attempts)


@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_the_number_does_not_come_back_in_columns_of_other_lines(attempts: Attempts, phone: str) -> None:
    attempts.send(8)
    lines = (attempts.folder / "sent.csv").read_text().splitlines()
    grouped = f"{PERSON[:3]} {PERSON[3:7]}-{PERSON[7:]}"
    notes = [
        f"friend of +86 {grouped}!",
        f"0086{PERSON}",
        f"{PERSON}5",
        f"2026{PERSON}",
        f"12-{grouped}",
        "30 4000",
        "",
        "x",
    ]
    noted = [f"{line},{note}" for line, note in zip(lines, ["note", *notes], strict=True)]
    (attempts.folder / "sent.csv").write_text("\n".join([*noted, ""]))
    attempts(carry=["note"], phone=phone)
    found = erase(attempts)
    assert (found["rows"], found["cells"]) == (1, 3)
    erased = attempts.data()
    for refresh in ("unsettled", "all"):
        attempts(carry=["note"], phone=phone, refresh=refresh)
        assert attempts.data() == erased
    assert [row["note"] for row in attempts.rows()][:2] == ["friend of ***!", "***"]


def test_a_message_without_a_number_in_the_log_is_left_out_when_the_service_names_its_number(
    attempts: Attempts,
) -> None:
    for place, number in enumerate(["49151" + "12345678", "49151" + "12345679"]):
        attempts.emulator.add_message(phone_number=number, message_id=f"471{place}", sent_at=NOON)
    (attempts.folder / "sent.csv").write_text("message_id\n4710\n4711\n")
    attempts()
    key = PrivacyKey("k" * 32)
    erase_people(f"file://{attempts.out}", ["49151" + "12345678"], mode="remove", privacy_key=key, log=log)
    for refresh in ("unsettled", "all"):
        result = attempts(refresh=refresh)["result"]
        assert numbers(attempts) == ["49151" + "12345679"]
        assert (result["erased"]["lines"], result["missing"], result["lines"]) == (1, 0, 2)
    assert_verified(attempts)


def test_nothing_is_committed_if_the_erasure_was_first(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts.send(8)
    attempts()
    before = attempts.data()
    record = attempts.out / f"_erasures/{DAY.replace(year=DAY.year + 1)}-00.json"
    query = "airflow_provider_dysms.transfers.export.query_statistics"

    async def begin(*given: Any) -> None:
        record.parent.mkdir()
        record.write_text("{}")

    monkeypatch.setattr(query, begin)
    with pytest.raises(AirflowException, match="people were erased from the archive while"):
        attempts(refresh="all")
    assert attempts.data() == before
    assert attempts.checkpoints() == []


@pytest.mark.parametrize(
    ("extra", "named"),
    [({"privacy_secret": "t" * 32}, "privacy_secret_previous"), ({"privacy_secret": None}, "privacy_secret")],
)
def test_an_audit_that_cannot_know_who_was_erased_fails_before_it_asks(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any], named: str
) -> None:
    attempts.send(8)
    attempts()
    erase(attempts)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(**extra))
    attempts.asked()
    with pytest.raises(AirflowFailException, match=named):
        attempts()
    assert attempts.asked() == 0
    rotated = {"privacy_secret": "t" * 32, "privacy_secret_previous": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(**rotated))
    attempts()
    assert PERSON not in numbers(attempts)


def test_a_day_on_which_everybody_was_erased_is_empty(attempts: Attempts) -> None:
    lines = [json.dumps({"phone_number": PERSON, "out_id": "order-3"})]
    attempts.emulator.add_message(phone_number=PERSON, out_id="order-3", sent_at=NOON)
    (attempts.folder / "sent.jsonl").write_text("\n".join([*lines, ""]))
    attempts("sent.jsonl")
    erase(attempts)
    result = attempts("sent.jsonl", refresh="all")["result"]
    assert (result["rows"], result["lines"], result["erased"]["lines"]) == (0, 1, 1)
