"""The vendor's counts next to ours: what accounts for a difference is said line by line, and judged on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=2)
NOON = dates.day_start(DAY) + timedelta(hours=12)
MIDNIGHT = dates.day_start(DAY + timedelta(days=1))
NUMBER = "13900000000"
LONG = "【示例】" + "字" * 100  # two segments

Run = Callable[..., dict[str, Any]]


def number(place: int) -> str:
    return f"1390000{place:04}"


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., None]:
    """Write ``sent.csv``: numbers, all sent at noon."""

    def write(*numbers: str) -> None:
        lines = [f"{each},{NOON.isoformat()}" for each in numbers]
        (tmp_path / "sent.csv").write_text("\n".join(["phone_number,sent_at", *lines, ""]), "utf-8")

    return write


def add(emulator: Emulator, phone_number: str, **message: Any) -> None:
    emulator.add_message(**{"phone_number": phone_number, "sent_at": NOON.isoformat(), **message})


def lines_of(scope: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {line["what"]: (line["count"], line["unit"], line["effect"]) for line in scope["lines"]}


def test_equal_counts_leave_nothing_to_explain(audit: Run, emulator: Emulator, log: Callable[..., None]) -> None:
    add(emulator, number(1))
    add(emulator, number(2), content=LONG)
    add(emulator, "+85251234567")
    log(number(1), number(2), "+85251234567")
    manifest = audit("sent.csv", send_date=DAY)
    mainland, international = (manifest["run"]["statistics"][scope] for scope in ("mainland", "international"))
    assert {name: mainland[name] for name in mainland if name != "asked_at"} == {
        "total": 3,
        "delivered": 3,
        "failed": 0,
        "waiting": 0,
        "ours": {"total": 3, "delivered": 3, "failed": 0, "waiting": 0, "expired": 0, "unlogged": 0},
        "difference": {"total": 0, "delivered": 0, "failed": 0, "waiting": 0},
        "lines": [],
        "remaining": 0,
        "gap": 0.0,
        "explained": "fully",
    }
    assert (international["total"], international["ours"]["total"]) == (1, 1)
    assert manifest["result"]["segments"] == {"mainland": 3, "international": 1}
    asked_at = datetime.fromisoformat(mainland["asked_at"])
    assert datetime.now(UTC) - timedelta(minutes=10) < asked_at <= datetime.now(UTC)


def test_every_state_stands_beside_the_vendors_and_an_expired_one_waits_there(
    audit: Run, emulator: Emulator, log: Callable[..., None]
) -> None:
    day = TODAY - timedelta(days=5)
    at = (dates.day_start(day) + timedelta(hours=12)).isoformat()
    add(emulator, number(1), sent_at=at)
    add(emulator, number(2), sent_at=at, state="failed", content=LONG)
    add(emulator, number(3), sent_at=at, state="waiting")
    add(emulator, number(3), sent_at=(dates.day_start(day) + timedelta(hours=15)).isoformat(), state="failed")
    add(emulator, number(4), sent_at=at, state="failed", error_code="MOBILE_IN_BLACK", content=LONG)
    log(*map(number, range(1, 5)))
    scope = audit("sent.csv", send_date=day, columns={"phone_number": "phone_number"}, match="auto")
    scope = scope["run"]["statistics"]["mainland"]
    assert scope["ours"] == {"total": 5, "delivered": 1, "failed": 3, "waiting": 1, "expired": 1, "unlogged": 0}
    assert set(scope["difference"].values()) == {0}
    assert scope["explained"] == "fully"
    assert lines_of(scope) == {
        "failed": (3, "segments", "ours_higher"),
        "blacklist": (2, "segments", "theirs_higher"),
        "expired": (1, "segments", "between_columns"),
    }


def test_every_reason_for_a_difference_is_a_line_of_its_own(
    audit: Run, emulator: Emulator, log: Callable[..., None], tmp_path: Path
) -> None:
    delivered = [number(place) for place in range(40)]
    for each in delivered:
        add(emulator, each)
    add(emulator, number(100), content="")  # a record without a text
    add(emulator, number(101), state="waiting")
    add(emulator, number(0), sent_at=(NOON + timedelta(hours=2)).isoformat(), content=LONG)  # unlogged
    add(emulator, number(1), sent_at=(dates.day_start(DAY) + timedelta(minutes=1)).isoformat())  # edge
    add(emulator, number(102), sent_at=(MIDNIGHT + timedelta(seconds=2)).isoformat(), content=LONG)  # of the next day
    add(emulator, "13911111111")  # nobody asks for it
    log(*delivered, number(100), number(101), number(103), "12345")
    with (tmp_path / "sent.csv").open("a", encoding="utf-8") as file:
        file.write(f"{number(102)},{(MIDNIGHT - timedelta(seconds=1)).isoformat()}\n")
    scope = audit("sent.csv", send_date=DAY, max_rejected_rate=0.5)["run"]["statistics"]["mainland"]
    assert lines_of(scope) == {
        "other_day": (2, "segments", "ours_higher"),
        "no_text": (1, "rows", "theirs_higher"),
        "missing": (1, "lines", "theirs_higher"),
        "rejected": (1, "lines", "theirs_higher"),
        "edge": (1, "rows", "theirs_higher"),
        "waiting": (1, "segments", "between_columns"),
    }
    ours = scope["ours"]
    assert (ours["total"], ours["delivered"], ours["waiting"], ours["unlogged"]) == (45, 40 + 2 + 2, 1, 2)
    # Theirs: as ours, without the next day's two, and with the edge, the one without a text, the one nobody asked for.
    assert scope["difference"]["total"] == scope["total"] - ours["total"]
    assert scope["remaining"] == scope["difference"]["total"] + 2
    assert scope["explained"] == "possibly"
    assert all(line["why"] for line in scope["lines"])


def test_a_difference_that_nothing_accounts_for_says_so(
    audit: Run, emulator: Emulator, log: Callable[..., None]
) -> None:
    add(emulator, number(1))
    add(emulator, "13911111111")
    log(number(1))
    scope = audit("sent.csv", send_date=DAY)["run"]["statistics"]["mainland"]
    assert (scope["difference"]["total"], scope["lines"], scope["explained"], scope["gap"]) == (1, [], "no", 0.5)


@pytest.mark.parametrize("choice", ["record", "judge"])
def test_a_gap_warns_and_says_what_may_account_for_it(
    audit: Run, emulator: Emulator, log: Callable[..., None], capfd: pytest.CaptureFixture[str], choice: str
) -> None:
    for place in range(20):
        add(emulator, number(place))
    log(*map(number, range(20)))
    assert audit("sent.csv", send_date=DAY, statistics=choice)["run"]["statistics_gap"] is False
    assert "warning" not in "".join(capfd.readouterr())
    add(emulator, "13911111111")
    small = audit("sent.csv", send_date=DAY, statistics=choice, refresh="all")
    assert small["run"]["statistics_gap"] is False  # 1 of 21 is less than 5 %
    said = "".join(capfd.readouterr())
    assert "The vendor counts 21 mainland segments, the rows 20, a gap of at most 5%; nothing" in said
    add(emulator, "13922222222")
    assert audit("sent.csv", send_date=DAY, statistics=choice, refresh="all")["run"]["statistics_gap"] is True
    said = "".join(capfd.readouterr())
    assert "The statistics count 22 mainland segments, the rows 20; nothing that was counted explains it" in said
    log(*map(number, range(21)))
    audit("sent.csv", send_date=DAY, statistics=choice, refresh="all")
    assert "it may be lines that have no record at the service: 1" in "".join(capfd.readouterr())


def test_statistics_that_are_not_asked_for_flag_nothing(
    audit: Run, emulator: Emulator, log: Callable[..., None]
) -> None:
    log()
    add(emulator, NUMBER)
    assert audit("sent.csv", send_date=DAY, statistics="skip")["run"]["statistics_gap"] is None


def test_a_gap_is_flagged_in_the_asset_event(
    run_dag: Callable[..., Any],
    emulator: Emulator,
    log: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.models.asset import AssetEvent
    from airflow.sdk import DAG, Asset
    from airflow.utils.session import create_session

    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    for each in (NUMBER, "13911111111"):
        add(emulator, each)
    log(NUMBER)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    with DAG("gap_in_an_asset", schedule=None) as dag:
        DysmsToObjectStorageOperator(
            task_id="audit",
            sent_uri=f"file://{tmp_path}/sent.csv",
            output_uri=f"file://{tmp_path}/out",
            send_date=DAY.isoformat(),
            outlets=[Asset("audits_with_a_gap")],
        )
    assert run_dag(dag).state == "success"
    with create_session() as session:
        (event,) = session.query(AssetEvent).filter(AssetEvent.source_dag_id == "gap_in_an_asset")
        assert event.extra == {
            "send_date": DAY.isoformat(),
            "settled": True,
            "rows": 1,
            "missing": 0,
            "unlogged": 0,
            "statistics_gap": True,
        }


def test_what_is_counted_on_another_day_is_no_gap(
    audit: Run, emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add(emulator, NUMBER, sent_at=(MIDNIGHT + timedelta(seconds=2)).isoformat())
    (tmp_path / "sent.csv").write_text(f"phone_number,sent_at\n{NUMBER},{MIDNIGHT - timedelta(seconds=1)}\n")
    audit("sent.csv", send_date=DAY, statistics="judge")
    assert "The statistics count" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("given", ["list", "log", "empty log"])
def test_with_judge_no_record_against_segments_of_the_vendor_fails(
    audit: Run, emulator: Emulator, log: Callable[..., None], tmp_path: Path, given: str
) -> None:
    add(emulator, "13911111111")
    log(*([NUMBER] if given == "log" else []))
    arguments: dict[str, Any] = {"phone_numbers": [NUMBER]} if given == "list" else {"sent": "sent.csv"}
    with pytest.raises(AirflowException, match=r"no record for any of \d lines, although its statistics count 1"):
        audit(send_date=DAY, statistics="judge", max_missing_rate=1, **arguments)
    assert not (tmp_path / "out").exists()


def test_without_judge_a_list_without_an_answer_is_written(audit: Run, emulator: Emulator) -> None:
    add(emulator, "13911111111")
    assert audit(phone_numbers=[NUMBER], send_date=DAY)["result"]["rows"] == 0


def test_a_log_without_lines_writes_an_empty_partition_and_warns_when_the_statistics_have_some(
    audit: Run, emulator: Emulator, log: Callable[..., None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log()
    assert audit("sent.csv", send_date=DAY)["result"]["rows"] == 0
    said = "".join(capfd.readouterr())
    assert "statistics" not in said
    assert "looks like this" not in said
    add(emulator, NUMBER)
    assert audit("sent.csv", send_date=DAY)["result"]["rows"] == 0
    assert (tmp_path / f"out/send_date={DAY}/part-0.jsonl").read_bytes() == b""
    assert "statistics count 1" in "".join(capfd.readouterr())


REFUSALS = ["isp.RAM_PERMISSION_DENY", "isv.PRODUCT_UN_SUBSCRIPT", "isv.SOMETHING_NEW", "isv.ACCOUNT_ABNORMAL"]


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("choice", ["record", "judge"])
def test_statistics_that_are_refused_are_written_down_and_fail_nothing(
    audit: Run, emulator: Emulator, log: Callable[..., None], choice: str, code: str
) -> None:
    add(emulator, NUMBER)
    emulator.fault("business", action="QuerySendStatistics", code=code, times=None)
    log(NUMBER)
    manifest = audit("sent.csv", send_date=DAY, statistics=choice)
    assert manifest["run"]["statistics"] == {"mainland": {"refused": code}, "international": {"refused": code}}
    assert manifest["result"]["by_state"] == {"delivered": 1}


def test_a_key_that_may_not_ask_for_statistics_may_audit(
    audit: Run, emulator: Emulator, log: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    key = {"access_key_id": "LTAI-details-only", "access_key_secret": "its-secret"}
    emulator.add_account(**key, actions=["QuerySendDetails"])
    add(emulator, NUMBER)
    log(NUMBER)
    login = {"login": key["access_key_id"], "password": key["access_key_secret"]}
    manifest = audit("sent.csv", send_date=DAY, statistics="judge", connection=login)
    assert manifest["run"]["statistics"]["mainland"] == {"refused": "Forbidden.RAM"}
    assert "The day's mainland statistics are not available" in "".join(capfd.readouterr())


@pytest.mark.usefixtures("hasty")
def test_one_scope_that_is_refused_leaves_the_other(audit: Run, emulator: Emulator, log: Callable[..., None]) -> None:
    add(emulator, NUMBER)
    log(NUMBER)
    fault = {"code": "isp.SYSTEM_ERROR", "where": {"IsGlobe": "2"}, "times": None}
    emulator.fault("business", action="QuerySendStatistics", **fault)
    statistics = audit("sent.csv", send_date=DAY)["run"]["statistics"]
    assert statistics["international"] == {"refused": "isp.SYSTEM_ERROR"}
    assert statistics["mainland"]["explained"] == "fully"


def test_statistics_can_be_left_alone(audit: Run, emulator: Emulator, log: Callable[..., None]) -> None:
    log(NUMBER)
    assert audit("sent.csv", send_date=DAY, statistics="skip", max_missing_rate=1)["run"]["statistics"] is None
    assert "QuerySendStatistics" not in emulator.requests()


def test_a_day_that_is_still_running_is_marked_and_the_task_says_so(
    audit: Run, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    running = audit(phone_numbers=[NUMBER], send_date=TODAY)
    said = "".join(capfd.readouterr())
    assert running["result"]["provisional"] is True
    assert f"In Beijing {TODAY} was not over yet: the result is provisional" in said
    over = audit(phone_numbers=[NUMBER], send_date=DAY)
    assert over["result"]["provisional"] is False
    assert "provisional" not in "".join(capfd.readouterr())


def test_the_comparison_says_nothing_of_anybody(audit: Run, emulator: Emulator, log: Callable[..., None]) -> None:
    add(emulator, NUMBER, content="【示例】您的验证码是 271828")
    log(NUMBER)
    told = json.dumps(audit("sent.csv", send_date=DAY)["run"], ensure_ascii=False)
    assert NUMBER not in told
    assert "271828" not in told
