"""The audit of a day against the emulator: every verdict right, or a loud error, and nothing half written."""

from __future__ import annotations

import gc
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsTaskError
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.storage.row_spool import RowSpool
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.transfers.reporting import progress

TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
NUMBER = "13900000000"
FIELDS = ["phone_number", "biz_id", "out_id", "message_id", "template_code", "sign_name"]
FIELDS += ["state", "error_code", "received_at", "segments"]
PLENTY = {"QuerySendDetails": 50_000, "QueryMessage": 50_000, "QuerySendStatistics": 20}

Run = Callable[..., dict[str, Any]]


def write(path: Path, *lines: str, header: str = "phone_number,sent_at") -> None:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def rows(folder: Path, day: date = DAY) -> list[dict[str, Any]]:
    text = (folder / f"out/send_date={day}/part-0.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return the facts that a seeded message and its row share; a missing message was sent when its line says so."""
    sent_at = None if row["state"] == "missing" else row["sent_at"]
    return (sent_at, *(row[name] for name in FIELDS))


def assert_equals_truth(folder: Path, truth: str) -> None:
    expected = Counter(comparable(json.loads(line)) for line in (folder / truth).read_text("utf-8").splitlines())
    found = Counter(map(comparable, rows(folder)))
    assert found == expected


KINDS = {"biz_id": 0.3, "out_id": 0.25, "sent_at": 0.25, "international": 0.2}


def test_thousands_of_messages_of_every_kind_equal_the_seeded_truth_and_come_out_as_the_same_bytes_again(
    audit: Run, emulator: Emulator, tmp_path: Path
) -> None:
    output = tmp_path / f"out/send_date={DAY}/part-0.jsonl"
    mixed = {"messages": 6_000, "seed": 11, "kinds": KINDS}
    emulator.generate(send_date=DAY, log=tmp_path / "sent.csv", truth=tmp_path / "truth.jsonl", **mixed)
    first = audit("sent.csv", carry=["user_id", "campaign"])
    assert_equals_truth(tmp_path, "truth.jsonl")
    once = output.read_bytes()
    second = audit("sent.csv", carry=["user_id", "campaign"], refresh="all")
    assert output.read_bytes() == once
    assert second["result"]["sha256"] == first["result"]["sha256"]
    of_the_try = dict.fromkeys(("as_of", "oldest_answer", "parameters"))
    assert {**second["result"], **of_the_try} == {**first["result"], **of_the_try}
    assert first["result"]["lines"] == len((tmp_path / "sent.csv").read_text("utf-8").splitlines()) - 1
    assert first["run"]["throttled"] == 0
    for scope in ("mainland", "international"):
        assert first["result"]["segments"][scope] == first["run"]["statistics"][scope]["total"]

    emulator.reset()
    emulator.quotas(**{action: int(quota) for action, quota in PLENTY.items()})
    questions = {"messages": 1_500, "seed": 12, "kinds": {"question": 1}}
    emulator.generate(send_date=DAY, log=tmp_path / "ask.csv", truth=tmp_path / "answers.jsonl", **questions)
    asked = audit("ask.csv")
    assert_equals_truth(tmp_path, "answers.jsonl")
    assert asked["result"]["missing"] == asked["result"]["unlogged"] == 0
    assert set(asked["result"]["by_state"]) <= {"delivered", "failed", "waiting", "expired"}


def test_messages_around_midnight_equal_the_truth_too(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    emulator.generate(
        send_date=DAY,
        messages=600,
        seed=21,
        kinds=KINDS,
        midnight=60,
        log=tmp_path / "sent.csv",
        truth=tmp_path / "truth.jsonl",
    )
    audit("sent.csv")
    assert_equals_truth(tmp_path, "truth.jsonl")


@pytest.mark.parametrize("seed", range(3))
def test_resends_within_a_second_are_counted_and_every_message_still_comes_out_once(
    audit: Run, emulator: Emulator, tmp_path: Path, seed: int
) -> None:
    emulator.generate(
        send_date=DAY,
        messages=300,
        seed=seed,
        kinds={"sent_at": 1},
        ambiguous=20,
        log=tmp_path / "sent.csv",
        truth=tmp_path / "truth.jsonl",
    )
    manifest = audit("sent.csv")
    assert manifest["result"]["ambiguous"] >= 20
    truth = [json.loads(line)["state"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert manifest["result"]["by_state"] == dict(sorted(Counter(truth).items()))


def test_numbers_in_any_format_are_one_question_and_bad_lines_are_named_and_kept(
    audit: Run, emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forms = ["+86 139-0000-0000", "0086 13900000000", "8613900000000", "139 0000 0000", "１３９００００００００"]
    for place in range(len(forms)):
        emulator.add_message(phone_number=NUMBER, sent_at=(NOON + timedelta(minutes=place)).isoformat())
    lines = [f"{form},{(NOON + timedelta(minutes=place)).isoformat()}" for place, form in enumerate(forms)]
    write(tmp_path / "sent.csv", *lines, f"+1 312 555 0123,{NOON.isoformat()}", f"12345,{NOON.isoformat()}")
    manifest = audit("sent.csv", max_rejected_rate=0.5)
    said = "".join(capfd.readouterr())
    assert emulator.requests()["QuerySendDetails"]["requests"] == 1
    assert manifest["result"]["by_state"] == {"delivered": 5, "rejected": 2}
    assert manifest["result"]["rejected"] == {"invalid_number": 1, "reads_as_mainland": 1}
    assert "sent.csv:7" in said
    assert "sent.csv:8" in said
    for secret in (NUMBER, "312 555", "12345"):
        assert secret not in said
        assert secret not in json.dumps(manifest)


def test_a_wide_audit_says_how_far_it_is(
    audit: Run, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.01)
    emulator.generate(send_date=DAY, messages=500, seed=1, log=tmp_path / "sent.csv", kinds={"out_id": 1})
    emulator.configure(latency_ms=50)
    audit("sent.csv")
    said = [line for line in "".join(capfd.readouterr()).splitlines() if "requests/s" in line]
    assert len(said) > 3
    assert any("lines" in line and "throttled" in line and "time left" in line for line in said)


SWITCHED = {
    "plain": {},
    "masked numbers": {"phone_form": "masked"},
    "international numbers": {"phone_form": "0086"},
    "a single object": {"records": "object"},
    "no list when there is none": {"records": "missing"},
    "times with a zone": {"date_form": "zone"},
    "totals as text": {"total_count": "string"},
    "the older success code": {"delivered_code": "DELIVRD"},
    "the older statuses": {"message_status": "old"},
    "the oldest first": {"order": "oldest_first"},
}


@pytest.mark.parametrize("switch", SWITCHED)
def test_the_verdicts_are_the_same_under_every_form_of_answer(
    audit: Run, emulator: Emulator, tmp_path: Path, switch: str
) -> None:
    emulator.generate(
        send_date=DAY, messages=150, seed=3, kinds=KINDS, log=tmp_path / "sent.csv", truth=tmp_path / "truth.jsonl"
    )
    emulator.configure(**SWITCHED[switch])
    audit("sent.csv")
    truth = (tmp_path / "truth.jsonl").read_text("utf-8").replace("DELIVERED", "DELIVRD")
    (tmp_path / "truth.jsonl").write_text(truth, "utf-8")
    output = tmp_path / f"out/send_date={DAY}/part-0.jsonl"
    output.write_text(output.read_text("utf-8").replace("DELIVERED", "DELIVRD"), "utf-8")
    assert_equals_truth(tmp_path, "truth.jsonl")


FAULTS: dict[str, dict[str, Any]] = {
    "throttled once": {"kind": "throttle"},
    "503 once": {"kind": "status", "status": 503},
    "reset once": {"kind": "reset"},
    "HTML once": {"kind": "html"},
    "a limit in HTTP 200 once": {"kind": "business", "code": "isv.BUSINESS_LIMIT_CONTROL", "page": 2},
    "a system error in HTTP 200": {"kind": "business", "code": "isp.SYSTEM_ERROR", "page": 2, "times": None},
    "an empty last page": {"kind": "empty_page", "page": "last", "times": None},
    "a total without rows": {"kind": "total_without_rows", "times": None},
    "a row inserted in front while paging": {"kind": "insert_row", "skip": 1},
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_of_the_nine_faults_ends_with_the_right_rows_or_a_loud_error(
    audit: Run, emulator: Emulator, tmp_path: Path, fault: str
) -> None:
    instants = [NOON + timedelta(seconds=20 * place) for place in range(137)]
    emulator.add_messages([{"phone_number": NUMBER, "sent_at": instant.isoformat()} for instant in instants])
    write(tmp_path / "sent.csv", *(f"{NUMBER},{instant.isoformat()}" for instant in instants))
    emulator.fault(action="QuerySendDetails", **FAULTS[fault])
    if FAULTS[fault].get("times", 1) is None:
        with pytest.raises(AirflowException, match="QuerySendDetails"):
            audit("sent.csv")
        assert not (tmp_path / f"out/send_date={DAY}").exists()
    else:
        counts = audit("sent.csv", max_missing_rate=0)["result"]["by_state"]
        inserted = {"unlogged": 1} if FAULTS[fault]["kind"] == "insert_row" else {}
        assert counts == {"delivered": 137, **inserted}


def test_one_partition_is_not_given_to_two_days(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    audit(phone_numbers=[NUMBER], partition="all")
    with pytest.raises(AirflowFailException, match=f"^partition holds the audit of {DAY}"):
        audit(phone_numbers=[NUMBER], partition="all", send_date=DAY - timedelta(days=1))
    assert emulator.requests()["QuerySendDetails"]["requests"] == 1


def test_a_spool_that_fails_leaves_no_file_and_no_connection(
    audit: Run, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.generate(send_date=DAY, messages=300, seed=1, kinds={"out_id": 1}, log=tmp_path / "sent.csv")

    def full(self: RowSpool, rows: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RowSpool, "write", full)
    with pytest.raises(DysmsTaskError, match=f"temporary files, {tempfile.gettempdir()}, has no room left .*TMPDIR"):
        audit("sent.csv")
    gc.collect()  # an open socket is a ResourceWarning, and that is an error
    assert not (tmp_path / f"out/send_date={DAY}").exists()


def test_numbers_can_be_hashed_and_texts_kept(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    emulator.add_message(phone_number=NUMBER, sent_at=NOON.isoformat(), content="【示例】您的验证码是 123456")
    audit(phone_numbers=[NUMBER])
    (plain,) = rows(tmp_path)
    assert plain["phone_number"] == NUMBER
    assert "content" not in plain
    audit(phone_numbers=[NUMBER], phone="hashed", content="keep")
    (hashed,) = rows(tmp_path)
    assert len(hashed["phone_hash"]) == 64
    assert hashed["content"] == "【示例】您的验证码是 123456"
    assert NUMBER not in json.dumps(hashed)


@pytest.mark.parametrize(
    "written", ["(139) 0000 0000", "(13900000000)", "['13900000000']", "13900000000;", 13900000000.0]
)
def test_a_number_that_a_template_or_a_data_frame_wrote_is_one_number(
    audit: Run, emulator: Emulator, tmp_path: Path, written: object
) -> None:
    emulator.add_message(phone_number=NUMBER, sent_at=NOON.isoformat())
    assert audit(phone_numbers=written)["result"]["by_state"] == {"delivered": 1}


def test_a_number_that_cannot_be_asked_is_hashed_like_any_other(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    audit(phone_numbers=["+1 312 555 0123"], phone="hashed", max_rejected_rate=1)
    (row,) = rows(tmp_path)
    assert (row["state"], row["category"], len(row["phone_hash"])) == ("rejected", "reads_as_mainland", 64)
    assert "312" not in json.dumps(row).replace(row["phone_hash"], "")


def test_a_day_outside_the_window_is_skipped_on_request(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    write(tmp_path / "sent.csv", f"{NUMBER},{NOON.isoformat()}")
    with pytest.raises(AirflowSkipException):
        audit("sent.csv", send_date=TODAY - timedelta(days=31), outside_window="skip")
    assert emulator.requests() == {}


def test_a_day_that_is_about_to_be_forgotten_warns(
    audit: Run, emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    emulator.add_message(phone_number=NUMBER, sent_at=(NOON - timedelta(days=29)).isoformat(), state="delivered")
    audit(phone_numbers=[NUMBER], send_date=TODAY - timedelta(days=30))
    assert "is about to forget" in "".join(capfd.readouterr())


BLANK = {"phone_number": "phone_number", "sent_at": "sent_at"}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "no date": ("send_date", {"send_date": "soon"}),
    "a naive time": ("send_date", {"send_date": datetime(2026, 1, 1)}),  # noqa: DTZ001
    "a day that is forgotten": ("send_date", {"send_date": TODAY - timedelta(days=31)}),
    "a day to come": ("send_date", {"send_date": TODAY + timedelta(days=2)}),
    "no log": ("sent_uri", {"sent": "nothing.csv"}),
    "an empty glob": ("sent_uri", {"sent": "nothing-*.csv"}),
    "a log without a scheme": ("sent_uri", {"sent": None, "sent_uri": "folder/sent.csv"}),
    "a log of an unknown kind": ("sent_uri", {"sent": "sent.xlsx"}),
    "a log that is not text": ("sent_uri", {"sent": "binary.csv"}),
    "an unknown placeholder": ("sent_uri", {"sent": "{date}.csv"}),
    "a missing column": ("columns", {"columns": {"phone_number": "mobile"}}),
    "a column of ours that is none": ("columns", {"columns": {"telephone": "phone_number"}}),
    "no number and no message id": ("columns", {"columns": {"out_id": "phone_number"}}),
    "a column to carry that is missing": ("carry", {"carry": ["campaign"]}),
    "columns to carry that are one text": ("carry", {"carry": "phone_number"}),
    "columns to carry that are a number": ("carry", {"carry": 5}),
    "a log that is a path": ("sent_uri", {"sent": None, "sent_uri": Path("sent.csv")}),
    "an output that is a path": ("output_uri", {"output_uri": Path("out")}),
    "a partition that is nothing": ("partition", {"partition": None}),
    "a list of numbers that is none": ("phone_numbers", {"sent": None, "phone_numbers": "[{[]: 1}]"}),
    "a key column that is blank throughout": ("columns", {"sent": "blank.csv", "columns": BLANK}),
    "columns of a list": ("columns", {"sent": None, "phone_numbers": [NUMBER], "columns": {"phone_number": "x"}}),
    "a number in the wrong place": ("phone", {"phone": NUMBER}),
    "no input": ("sent_uri", {"sent": None}),
    "two inputs": ("sent_uri", {"phone_numbers": [NUMBER]}),
    "no numbers": ("phone_numbers", {"sent": None, "phone_numbers": []}),
    "an unknown format": ("file_format", {"file_format": "xlsx"}),
    "an unknown compression": ("compression", {"compression": "rar"}),
    "an output without a scheme": ("output_uri", {"output_uri": "folder"}),
    "an output in a store that was not tried": ("output_uri", {"output_uri": "memory://folder"}),
    "an output with an unknown connection": ("output_uri", {"output_uri": "s3://nobody@bucket/folder"}),
    "an output that cannot be written": ("output_uri", {"output_uri": "file:///proc/folder"}),
    "a partition that leaves its folder": ("partition", {"partition": "../elsewhere"}),
    "an unknown match": ("match", {"match": "guess"}),
    "an unknown refresh": ("refresh", {"refresh": "some"}),
    "a span that is none": ("resume_within", {"resume_within": -1}),
    "an unknown phone": ("phone", {"phone": "masked"}),
    "an unknown content": ("content", {"content": "perhaps"}),
    "unknown statistics": ("statistics", {"statistics": "maybe"}),
    "an unknown choice outside the window": ("outside_window", {"outside_window": "ask"}),
    "a rate that is none": ("max_missing_rate", {"max_missing_rate": 5}),
    "a budget that is none": ("requests_per_second", {"requests_per_second": 0}),
    "too many bad numbers": ("sent_uri", {"sent": "bad.csv"}),
    "a missing privacy key": ("privacy_secret", {"phone": "hashed", "extra": {"privacy_secret": ""}}),
    "an endpoint that is not allowed": ("host", {"extra": {}, "connection": {"host": "evil.example.com"}}),
    "a missing key": ("login", {"connection": {"login": ""}}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_the_argument_asks_nothing_and_leaves_nothing(
    audit: Run, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    argument, arguments = BAD[case]
    write(tmp_path / "sent.csv", f"{NUMBER},{NOON.isoformat()}")
    write(tmp_path / "bad.csv", *(f"{place},{NOON.isoformat()}" for place in range(20)))
    write(tmp_path / "blank.csv", f"{NUMBER},")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "sent.xlsx").write_bytes(b"PK")
    before = sorted(tmp_path.rglob("*"))
    arguments = {"sent": "sent.csv", **arguments}
    if changes := arguments.pop("connection", None):
        changed = {**emulator.connection(), **changes}
        monkeypatch.setattr(emulator, "connection_json", lambda **extra: json.dumps(changed))
    with pytest.raises(AirflowFailException) as caught:
        audit(arguments.pop("sent"), **arguments)
    assert str(caught.value).startswith(argument)
    assert NUMBER not in str(caught.value)
    assert emulator.requests() == {}
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("mapped", [False, True])
def test_airflow_shows_the_log_and_the_partition_of_the_day(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool
) -> None:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.sdk import DAG

    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    (tmp_path / f"{DAY:%Y%m%d}.csv").write_text("phone_number,sent_at\n", "utf-8")
    arguments: dict[str, Any] = {
        "task_id": "audit",
        "sent_uri": f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv",
        "output_uri": f"file://{tmp_path}/out",
    }
    with DAG(f"shows_the_day_{mapped}", schedule=None) as dag:
        if mapped:
            DysmsToObjectStorageOperator.partial(**arguments).expand(send_date=[DAY.isoformat()])
        else:
            DysmsToObjectStorageOperator(**arguments, send_date=DAY.isoformat())
    run = run_dag(dag)
    assert run.state == "success"
    (instance,) = run.get_task_instances()
    shown = RenderedTaskInstanceFields.get_templated_fields(instance)
    assert shown["sent_uri"] == f"file://{tmp_path}/{DAY:%Y%m%d}.csv"
    assert shown["partition"] == f"send_date={DAY}"


@pytest.mark.parametrize(
    ("uri", "day", "shown"),
    [
        ("file:///a/{send_date:%d}", "2025-06-01", "file:///a/01"),
        ("file:///a/{send_date:%d}", "{{ 'no day' }}", "file:///a/{send_date:%d}"),
        ("{{ 'file:///a/{day}' }}", "2025-06-01", "file:///a/{day}"),
        ("{% raw %}file:///{{a}}/{send_date:%d}{% endraw %}", "2025-06-01", "file:///{{a}}/{send_date:%d}"),
    ],
)
def test_what_cannot_be_filled_in_stays_for_the_run_to_refuse(uri: str, day: str, shown: str) -> None:
    task = DysmsToObjectStorageOperator(task_id="audit", sent_uri=uri, output_uri="file:///out", send_date=day)
    task.render_template_fields({"task": task})
    assert task.sent_uri == shown
