"""Our own client at every position of every switch: what it says of a message is right, or it refuses with words."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.switches import MAX_SKEW_SECONDS, Switches
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates, errors

TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
STATES = ("delivered", "failed", "waiting")
#: More messages than a page has.
HEAVY = 60

CHOICES = [
    (name, choice)
    for name, field in Switches.__dataclass_fields__.items()
    for choice in field.metadata.get("choices", ())
]
#: A page that is shorter than requested looks like a listing that changes, so that the client must refuse it.
REFUSED = {("largest_page", 20), ("largest_page", 10)}

Audit = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def audit(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Audit lines by one of the two accounts; return the manifest and the rows."""
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    def run(lines: list[dict[str, Any]], *, abroad: bool = False, **arguments: Any) -> Any:
        names = sorted({name for line in lines for name in line})
        with (tmp_path / "sent.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(lines)
        extra = {"quota_share": 1, "privacy_key": "k" * 32}
        key = emulator.international if abroad else None
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(key, **extra))
        operator = DysmsToObjectStorageOperator(
            task_id="audit",
            sent_uri=f"file://{tmp_path}/sent.csv",
            output_uri=f"file://{tmp_path}/out",
            **{"send_date": DAY, **arguments},
        )
        manifest = operator.execute({})
        data = (tmp_path / "out" / manifest["result"]["data"]).read_bytes()
        return manifest, [json.loads(row) for row in data.splitlines()]

    return run


@pytest.fixture
def sent(emulator: Emulator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A day of both accounts; return the lines of their logs, each with the ``state`` that must come out."""
    mainland = [
        {"phone_number": f"1390000{place:04}", "out_id": f"order-{place}", "state": state}
        for place, state in enumerate(STATES)
    ]
    mainland += [
        {"phone_number": "13911110000", "out_id": f"many-{place}", "state": "delivered"} for place in range(HEAVY)
    ]
    mainland += [{"phone_number": "85291234567", "out_id": "abroad", "state": "delivered"}]
    abroad = [
        {"phone_number": f"852612345{place:02}", "message_id": f"1{place:015}", "state": state}
        for place, state in enumerate(STATES)
    ]
    emulator.add_messages(
        [
            {
                **line,
                "sent_at": (NOON + timedelta(seconds=place)).isoformat(),
                "site": "international" if "message_id" in line else "mainland",
            }
            for place, line in enumerate(mainland + abroad)
        ]
    )
    return mainland, abroad


def without_state(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: f"+{value}" if name == "phone_number" and value.startswith("852") else value
            for name, value in line.items()
            if name != "state"
        }
        for line in lines
    ]


@pytest.mark.parametrize(("switch", "position"), CHOICES)
def test_an_audit_is_right_at_every_position(
    audit: Audit, emulator: Emulator, sent: Any, switch: str, position: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.api.pagination.PAUSES", (0.0, 0.0))
    emulator.configure(**{switch: position})
    for lines, abroad in zip(sent, (False, True), strict=True):
        if (switch, position) in REFUSED and not abroad:
            with pytest.raises(AirflowException, match="could not be shown to be complete"):
                audit(without_state(lines))
            continue
        manifest, rows = audit(without_state(lines), abroad=abroad)
        key = "message_id" if abroad else "out_id"
        for name in ("phone_number", key, "state"):
            assert [row[name] for row in rows] == [line[name] for line in lines], name
        first = NOON + timedelta(seconds=len(sent[0]) if abroad else 0)
        times = [datetime.fromisoformat(row["sent_at"]) for row in rows]
        assert times == [first + timedelta(seconds=place) for place in range(len(lines))]
        assert [row["is_final"] for row in rows] == [line["state"] != "waiting" for line in lines]
        assert manifest["result"]["rows"] == len(lines)


@pytest.mark.parametrize("form", ["plain", "+", "00", "masked", "masked_end", "absent"])
def test_a_number_that_the_log_lacks_is_taken_from_the_answer(
    audit: Audit, emulator: Emulator, sent: Any, form: str
) -> None:
    emulator.configure(message_to_form=form)
    _, lines = sent
    _, rows = audit([{"message_id": line["message_id"]} for line in lines], abroad=True)
    masked = {
        "absent": lambda _: None,
        "masked": lambda n: f"{n[:-6]}xxx{n[-3:]}",
        "masked_end": lambda n: f"{n[:-4]}****",
    }
    assert [row["phone_number"] for row in rows] == [
        masked.get(form, lambda number: number)(line["phone_number"]) for line in lines
    ]
    assert [row["state"] for row in rows] == list(STATES)


@pytest.mark.parametrize("form", ["masked", "masked_end"])
def test_a_masked_number_is_still_told_from_a_stranger(
    audit: Audit, emulator: Emulator, sent: Any, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.api.pagination.PAUSES", (0.0,))
    emulator.configure(phone_form=form, message_to_form=form)
    mainland, abroad = sent
    emulator.fault("foreign_rows", action="QuerySendDetails", times=None)
    with pytest.raises(AirflowException, match="another number"):
        audit(without_state(mainland))
    assert emulator.fired()["foreign_rows"] > 0
    lines = without_state(abroad)
    lines[0]["phone_number"] = "+85269999900"
    with pytest.raises(AirflowException, match="another number"):
        audit(lines, abroad=True)


@pytest.mark.parametrize("hours", [-12, 0, 5.5, 14])
@pytest.mark.parametrize("form", ["rfc2822", "zone"])
def test_times_of_another_zone_are_the_same_instants(
    audit: Audit, emulator: Emulator, sent: Any, hours: float, form: str
) -> None:
    emulator.configure(zone_hours=hours, date_form="zone", message_date_form=form)
    for lines, abroad in zip(sent, (False, True), strict=True):
        _, rows = audit(without_state(lines), abroad=abroad)
        first = NOON + timedelta(seconds=len(sent[0]) if abroad else 0)
        assert datetime.fromisoformat(rows[0]["sent_at"]) == first
        assert [row["state"] for row in rows] == [line["state"] for line in lines]


@pytest.mark.parametrize("hours", [0, 12])
def test_times_of_another_zone_that_do_not_say_so_leave_the_states_right(
    audit: Audit, emulator: Emulator, sent: Any, hours: float
) -> None:
    emulator.configure(zone_hours=hours, date_form="plain", message_date_form="plain")
    for lines, abroad in zip(sent, (False, True), strict=True):
        _, rows = audit(without_state(lines), abroad=abroad)
        assert [row["state"] for row in rows] == [line["state"] for line in lines]


@pytest.mark.parametrize("lag", [-86_400, -60, 0, 60, 7 * 86_400])
@pytest.mark.parametrize("choice", ["record", "judge"])
def test_statistics_that_lag_or_lead_change_no_row(
    audit: Audit, emulator: Emulator, sent: Any, lag: float, choice: str
) -> None:
    emulator.configure(statistics_lag_seconds=lag)
    mainland, _ = sent
    lines = without_state(mainland)
    manifest, rows = audit(lines, statistics=choice)
    assert [row["state"] for row in rows] == [line["state"] for line in mainland]
    told = manifest["run"]["statistics"]["mainland"]
    assert (told["total"], told["gap"]) == ((0, 1) if lag == 7 * 86_400 else (len(mainland) - 1, 0))


@pytest.mark.parametrize("position", ["no_response", "failed", "absent"])
def test_expired_messages_are_in_the_statistics_or_not(audit: Audit, emulator: Emulator, position: str) -> None:
    emulator.configure(expired_in_statistics=position)
    lines = [{"phone_number": f"1390000{place:04}", "out_id": f"o-{place}"} for place in range(4)]
    for place, line in enumerate(lines):
        emulator.add_message(**line, sent_at=NOON, state="expired" if place == 0 else "delivered")
    manifest, rows = audit(lines)
    # SendStatus has no number of its own for what expired: it is a failure whose code says so.
    assert [(row["state"], row["category"]) for row in rows] == [
        ("failed", "expired"),
        *[("delivered", "delivered")] * 3,
    ]
    assert manifest["run"]["statistics"]["mainland"]["total"] == (3 if position == "absent" else 4)


@pytest.mark.parametrize("changes", [{}, {"records": "object"}, {"records": "missing"}, {"total_count": "string"}])
def test_statistics_in_any_form_are_read(emulator: Emulator, sent: Any, changes: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    emulator.configure(**changes)
    [day] = DysmsHook().query_send_statistics(DAY)
    assert (day.total, day.delivered, day.failed, day.waiting) == (HEAVY + 3, HEAVY + 1, 1, 1)
    assert DysmsHook().query_send_statistics(DAY - timedelta(days=3)) == []


@pytest.mark.parametrize("status", [404, 400])
def test_an_unknown_key_is_one_whatever_its_status(emulator: Emulator, monkeypatch: Any, status: int) -> None:
    emulator.configure(unknown_key_status=status)
    connection = emulator.connection() | {"login": "LTAI5tNobody"}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    with pytest.raises(errors.DysmsAuthError):
        DysmsHook().query_send_details("13900000000", DAY)


@pytest.mark.parametrize("codes", ["bare", "isv"])
def test_a_permission_that_is_denied_is_one_in_either_form(emulator: Emulator, monkeypatch: Any, codes: str) -> None:
    emulator.configure(ram_denied="business", message_codes=codes)
    key = {"access_key_id": "LTAI5tLimited", "access_key_secret": "s"}
    emulator.add_account(**key, actions=[])
    connection = emulator.connection() | {"login": key["access_key_id"], "password": key["access_key_secret"]}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    for ask in (lambda: DysmsHook().query_message("1"), lambda: DysmsHook().query_send_details("13900000000", DAY)):
        with pytest.raises(errors.DysmsPermissionError):
            ask()


@pytest.mark.parametrize("position", ["not_subscribed", "empty", "unknown_key"])
def test_a_log_of_both_sites_fails_by_one_account(audit: Audit, emulator: Emulator, sent: Any, position: str) -> None:
    emulator.configure(wrong_site=position)
    lines = without_state([*sent[0], *sent[1]])
    for abroad in (False, True):
        with pytest.raises(AirflowException):
            audit(lines, abroad=abroad, max_missing_rate=0.01)
    emulator.configure(sites="joined")
    _, rows = audit(lines)
    assert [row["state"] for row in rows] == [line["state"] for line in [*sent[0], *sent[1]]]


@pytest.mark.parametrize(("age", "state"), [(71, "waiting"), (73, "expired")])
def test_three_days_without_a_receipt_can_be_played(
    audit: Audit, emulator: Emulator, monkeypatch: Any, age: int, state: str
) -> None:
    emulator.configure(skew_v3=MAX_SKEW_SECONDS, send_outcome="waiting")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    emulator.advance(-age * 3_600)
    send_date = dates.beijing_day(emulator.now())
    DysmsHook().send_sms(["13900000000"], "示例", "SMS_1", out_id="o")
    emulator.advance(age * 3_600)
    _, [row] = audit([{"phone_number": "13900000000", "out_id": "o"}], send_date=send_date)
    assert row["state"] == state


def test_a_window_that_closes_during_a_walk_can_be_played(emulator: Emulator, monkeypatch: Any) -> None:
    monkeypatch.setattr("airflow_provider_dysms.api.pagination.PAUSES", (0.0,))
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    day = TODAY - timedelta(days=20)
    sent_at = dates.day_start(day) + timedelta(hours=12)
    emulator.add_messages(
        [{"phone_number": "13900000000", "sent_at": (sent_at + timedelta(seconds=n)).isoformat()} for n in range(HEAVY)]
    )
    emulator.configure(skew_v3=MAX_SKEW_SECONDS)
    closing = dates.day_start(day + timedelta(days=31))
    emulator.set_clock(closing - timedelta(seconds=60), frozen=True)
    assert len(DysmsHook().query_send_details("13900000000", day)) == HEAVY
    emulator.configure(latency_ms=1_500)
    emulator.set_clock(closing - timedelta(seconds=0.5))
    with pytest.raises(errors.DysmsIncomplete, match="could not be shown to be complete"):
        DysmsHook().query_send_details("13900000000", day)
