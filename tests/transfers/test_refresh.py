"""Only what is not final is asked again, and the merged file is the one that asking everything would give."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsVerifyPartitionOperator

TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
KINDS = {"biz_id": 0.3, "out_id": 0.25, "sent_at": 0.25, "international": 0.2}
#: Entries of the manifest that differ between attempts with the same rows.
VARYING = dict.fromkeys(("as_of", "oldest_answer", "parameters", "settled", "provisional"))


def settle(attempts: Any, state: str = "delivered") -> int:
    """Let every message that waits have its receipt; return how many did."""
    messages = attempts.emulator.messages()
    waiting = [message for message in messages if message["state"] == "waiting"]
    for message in waiting:
        message["state"] = state
        del message["error_code"], message["received_at"]
    replace(attempts, messages)
    return len(waiting)


def replace(attempts: Any, messages: list[dict[str, Any]]) -> None:
    """Have the service know these messages and no others."""
    attempts.emulator.reset()
    attempts.emulator.quotas(QuerySendDetails=50_000, QueryMessage=50_000)
    attempts.emulator.add_messages(messages)


def test_a_thousand_lines_of_which_twenty_are_open_are_twenty_requests(attempts: Any) -> None:
    attempts.send(1_000)
    first = attempts()
    assert attempts.asked() == 1_000
    assert first["result"]["open"] == 20
    settle(attempts)
    second = attempts()
    assert attempts.asked() == 20
    assert second["run"]["requests"] == 20 + 2  # the statistics
    assert second["run"]["taken_over"] == 980
    assert second["result"]["by_state"] == {"delivered": 920, "failed": 80}
    assert second["result"]["asked"] == 1_000
    third = attempts()
    assert attempts.asked() == 0
    assert third["result"]["sha256"] == second["result"]["sha256"]


FORMS: dict[str, dict[str, Any]] = {
    "jsonl": {},
    "csv": {"file_format": "csv", "compression": "gzip"},
    "parquet": {"file_format": "parquet"},
    "hashed": {"phone": "hashed"},
    "texts kept": {"content": "keep", "file_format": "parquet", "compression": "snappy"},
    "time alone": {"match": "sent_at"},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_merged_file_equals_asking_everything_byte_for_byte_and_so_do_the_counts(
    attempts: Any, elsewhere: Callable[[str], Any], form: str
) -> None:
    attempts.generate(300, seed=7, kinds=KINDS, midnight=20, ambiguous=10)
    arguments = {"carry": ["user_id", "campaign"], **FORMS[form]}
    data = attempts(**arguments)["result"]["data"]
    before = (attempts.out / data).read_bytes()
    assert settle(attempts)
    merged = attempts(**arguments)
    whole = elsewhere("whole")
    result = whole(**arguments)["result"]
    assert merged["run"]["taken_over"] > 130
    assert before != (attempts.out / data).read_bytes() == (whole.out / data).read_bytes()
    assert {**merged["result"], **VARYING} == {**result, **VARYING}
    assert merged["result"]["ambiguous"] >= 10


def test_a_log_that_has_grown_is_asked_for_its_new_lines(attempts: Any, elsewhere: Callable[[str], Any]) -> None:
    attempts.generate(240, seed=8, kinds=KINDS)
    log = attempts.folder / "sent.csv"
    text = log.read_text("utf-8")
    header, *lines = text.splitlines(keepends=True)
    log.write_text("".join([header, *lines[:180]]), "utf-8")
    attempts()
    log.write_text("".join([header, *lines[30:]]), "utf-8")
    attempts.asked()
    merged = attempts()
    assert 30 < attempts.asked() < 150
    whole = elsewhere("whole")
    whole()
    assert attempts.data() == whole.data()
    assert merged["run"]["taken_over"] > 60


@pytest.mark.parametrize("change", ["out_id", "sent_at", "campaign"])
def test_a_line_that_has_changed_is_asked_again(attempts: Any, elsewhere: Callable[[str], Any], change: str) -> None:
    number, other = "13900000001", "13900000002"
    for place in range(2):
        at = (NOON + timedelta(minutes=5 * place)).isoformat()
        attempts.emulator.add_message(phone_number=number, sent_at=at, out_id=f"order-{place}")
    attempts.emulator.add_message(phone_number=other, sent_at=NOON.isoformat())

    def write(*lines: tuple[str, ...]) -> None:
        text = "\n".join(",".join(line) for line in [("phone_number", "sent_at", "out_id", "campaign"), *lines])
        (attempts.folder / "sent.csv").write_text(text + "\n", "utf-8")

    early, late = NOON.isoformat(), (NOON + timedelta(minutes=5)).isoformat()
    keyed = change == "out_id"
    ids = ("order-0", "order-1") if keyed else ("", "")
    write((number, early, ids[0], "a"), (number, late, ids[1], "a"), (other, early, "", ""))
    attempts()
    attempts.asked()
    attempts()
    assert attempts.asked() == 0
    changed = {
        "out_id": [(number, early, ids[1], "a"), (number, late, ids[0], "a")],
        "sent_at": [(number, late, "", "a"), (number, early, "", "a")],
        "campaign": [(number, early, "", "a"), (number, late, "", "b")],
    }[change]
    write(*changed, (other, early, "", ""))
    arguments = {"carry": ["campaign"]} if change == "campaign" else {}
    if change == "campaign":
        write((number, early, "", "a"), (number, late, "", "a"), (other, early, "", ""))
        attempts(**arguments)
        attempts.asked()
        write(*changed, (other, early, "", ""))
    attempts(**arguments)
    assert attempts.asked() == 1
    whole = elsewhere("whole")
    whole(**arguments)
    assert attempts.data() == whole.data()


def test_a_line_of_another_time_is_another_line(attempts: Any) -> None:
    for number in ("13900000001", "13900000002"):
        attempts.emulator.add_message(phone_number=number, sent_at=NOON.isoformat())
    log = attempts.folder / "sent.csv"
    text = f"phone_number,sent_at\n13900000001,{NOON.isoformat()}\n13900000002,{NOON.isoformat()}\n"
    log.write_text(text, "utf-8")
    attempts()
    log.write_text(text[::-1].replace(NOON.isoformat()[::-1], (NOON + timedelta(hours=2)).isoformat()[::-1], 1)[::-1])
    assert attempts(max_missing_rate=1)["result"]["by_state"] == {"delivered": 1, "missing": 1, "unlogged": 1}


def test_a_line_without_a_record_is_asked_again_however_late(attempts: Any) -> None:
    day = TODAY - timedelta(days=6)
    noon = (dates.day_start(day) + timedelta(hours=12)).isoformat()
    numbers = ("13900000001", "13900000002")
    attempts.emulator.add_message(phone_number=numbers[0], sent_at=noon)
    log = attempts.folder / "sent.csv"
    log.write_text("".join(["phone_number,sent_at\n", *(f"{number},{noon}\n" for number in numbers)]), "utf-8")
    first = attempts(day=day, max_missing_rate=1)["result"]
    assert (first["missing"], first["open"]) == (1, 0)
    attempts.emulator.add_message(phone_number=numbers[1], sent_at=noon)
    assert attempts(day=day)["result"]["by_state"] == {"delivered": 2}


@pytest.mark.parametrize("refresh", ["unsettled", "all"])
def test_a_line_that_had_a_record_and_has_none_fails_whatever_the_rate(attempts: Any, refresh: str) -> None:
    attempts.send(100)
    attempts()
    before = attempts.data()
    messages = attempts.emulator.messages()
    gone = [place for place, message in enumerate(messages) if message["state"] == "waiting"]
    assert len(gone) == 2
    replace(attempts, [message for place, message in enumerate(messages) if place not in gone])
    with pytest.raises(AirflowException, match=r"2 lines had a record .* first of them sent\.csv:2;"):
        attempts(refresh=refresh, max_missing_rate=1)
    assert attempts.data() == before
    (attempts.out / f"_manifests/send_date={DAY}.json").unlink()
    (attempts.out / f"send_date={DAY}/part-0.jsonl").unlink()
    assert attempts(refresh=refresh, max_missing_rate=1)["result"]["missing"] == 2


def test_a_record_that_is_gone_is_found_out_in_a_log_that_has_grown(attempts: Any) -> None:
    number = "13900000001"
    for hour in (0, 2):
        at = (NOON + timedelta(hours=hour)).isoformat()
        attempts.emulator.add_message(phone_number=number, sent_at=at, state="waiting" if hour else "delivered")
    log = attempts.folder / "sent.csv"
    lines = [f"{number},{(NOON + timedelta(hours=hour)).isoformat()}\n" for hour in (0, 1, 2)]
    log.write_text("".join(["phone_number,sent_at\n", lines[0], lines[2]]), "utf-8")
    attempts()
    log.write_text("".join(["phone_number,sent_at\n", *lines]), "utf-8")
    replace(attempts, attempts.emulator.messages()[:1])
    with pytest.raises(AirflowException, match=r"1 lines had a record .* first of them sent\.csv:4;"):
        attempts(max_missing_rate=1)


def test_what_changes_behind_a_final_line_is_found_by_asking_everything_alone(attempts: Any) -> None:
    attempts.send(100)
    attempts()
    messages = attempts.emulator.messages()
    for message in messages:
        if message["state"] == "failed":
            message["state"] = "delivered"
            del message["error_code"], message["received_at"]
    stranger = {**messages[1], "out_id": "stranger"}
    replace(attempts, [*messages, stranger])
    assert attempts()["result"]["by_state"] == {"delivered": 90, "failed": 8, "waiting": 2}
    every = attempts(refresh="all")
    assert every["result"]["by_state"] == {"delivered": 98, "unlogged": 1, "waiting": 2}
    assert every["run"]["taken_over"] == 0


def test_a_list_of_questions_asks_the_numbers_without_a_final_record(attempts: Any) -> None:
    attempts.send(100)
    numbers = [f"1390000{place:04}" for place in range(110)]
    first = attempts(None, phone_numbers=numbers)
    assert first["result"]["rows"] == 100
    attempts.asked()
    settle(attempts)
    attempts.emulator.add_message(phone_number=numbers[105], sent_at=NOON.isoformat())
    second = attempts(None, phone_numbers=numbers)
    assert attempts.asked() == 2 + 10
    assert second["result"]["rows"] == 101
    assert second["result"]["asked"] == 110
    replace(attempts, [])
    with pytest.raises(AirflowException, match="101 lines had a record"):
        attempts(None, phone_numbers=numbers, refresh="all", statistics="skip")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"phone": "hashed"}, "phone"),
        ({"content": "keep"}, "content"),
        ({"match": "out_id"}, "match"),
        ({"carry": ["campaign"]}, "carry"),
        ({"columns": {"phone_number": "phone_number", "out_id": "out_id"}}, "columns"),
    ],
)
def test_a_partition_of_another_kind_is_not_taken_over_and_the_log_says_why(
    attempts: Any, capfd: pytest.CaptureFixture[str], change: dict[str, Any], reason: str
) -> None:
    attempts.send(60)
    attempts()
    attempts.asked()
    assert attempts(**change)["run"]["taken_over"] == 0
    assert attempts.asked() == 60
    assert f"{reason}" in "".join(line for line in capfd.readouterr().out.splitlines() if "not taken over" in line)


def test_another_privacy_key_makes_other_rows(attempts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts.send(60)
    attempts(phone="hashed")
    assert attempts(phone="hashed")["run"]["taken_over"] == 58
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(privacy_secret="j" * 32))
    assert attempts(phone="hashed")["run"]["taken_over"] == 0


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_after_a_rotation_the_previous_secret_reads_and_every_hash_is_of_the_new_one(
    attempts: Any, elsewhere: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    attempts.generate(240, seed=9, kinds=KINDS, midnight=20, ambiguous=10)
    arguments = {"phone": "hashed", "file_format": file_format, "carry": ["campaign"]}
    first = attempts(**arguments)["result"]["parameters"]["hashed_by"]
    assert settle(attempts)
    rotated = {"privacy_secret": "j" * 32, "privacy_secret_previous": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(**rotated))
    merged = attempts(**arguments)
    assert merged["run"]["taken_over"] > 80
    assert first != merged["result"]["parameters"]["hashed_by"] == PrivacyKey("j" * 32).fingerprint
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(privacy_secret="j" * 32))
    whole = elsewhere("whole")
    whole(**arguments)
    assert attempts.data(file_format) == whole.data(file_format)


def test_after_a_rotation_a_lost_record_is_noticed_too(attempts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts.send(60)
    attempts(phone="hashed")
    replace(attempts, [])
    rotated = {"privacy_secret": "j" * 32, "privacy_secret_previous": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(**rotated))
    with pytest.raises(AirflowException, match="60 lines had a record at the service"):
        attempts(phone="hashed", refresh="all", max_missing_rate=1.0)


def test_without_the_previous_secret_everything_is_asked_and_the_log_names_the_secret_that_the_rows_need(
    attempts: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    attempts.send(60)
    attempts(phone="hashed")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(privacy_secret="j" * 32))
    assert attempts(phone="hashed")["run"]["taken_over"] == 0
    said = "".join(line for line in capfd.readouterr().out.splitlines() if "not taken over" in line)
    assert f"the rows need {PrivacyKey('k' * 32).fingerprint} as privacy_secret_previous" in said
    assert f"fingerprint {PrivacyKey('j' * 32).fingerprint}" in said


@pytest.mark.parametrize("damage", ["torn", "gone", "another's"])
def test_a_data_file_that_does_not_fit_its_manifest_is_asked_anew_with_a_warning(
    attempts: Any, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    attempts.send(60)
    attempts()
    data: Path = attempts.out / f"send_date={DAY}/part-0.jsonl"
    whole = data.read_bytes()
    if damage == "gone":
        data.unlink()
    else:
        data.write_bytes(whole[:-1] if damage == "torn" else whole.replace(b"delivered", b"deliverex"))
    assert attempts()["run"]["taken_over"] == 0
    assert "does not match its manifest" in "".join(capfd.readouterr())
    assert data.read_bytes() == whole


@pytest.mark.parametrize("formats", [("csv", "jsonl"), ("parquet", "csv"), ("jsonl", "parquet")])
def test_another_format_is_read_and_rewritten(
    attempts: Any, elsewhere: Callable[[str], Any], formats: tuple[str, str]
) -> None:
    before, after = formats
    attempts.send(60)
    log = attempts.folder / "sent.jsonl"
    lines = [line.split(",") for line in (attempts.folder / "sent.csv").read_text("utf-8").splitlines()[1:]]
    cells = (
        {"phone_number": number, "out_id": out_id, "campaign": "" if campaign == "3" else campaign}
        for number, out_id, campaign in lines
    )
    log.write_text("".join(json.dumps(line) + "\n" for line in cells), "utf-8")
    arguments = {"sent": "sent.jsonl", "carry": ["campaign"]}
    attempts(file_format=before, **arguments)
    assert attempts(file_format=after, **arguments)["run"]["taken_over"] > 45
    whole = elsewhere("whole")
    whole(file_format=after, **arguments)
    assert attempts.data(after) == whole.data(after)
    assert attempts(file_format=after, **arguments)["run"]["taken_over"] == 58


def test_a_file_is_settled_by_its_oldest_answer(
    attempts: Any, monkeypatch: pytest.MonkeyPatch, elsewhere: Callable[[str], Any]
) -> None:
    attempts.send(60)
    attempts()
    path = attempts.out / f"_manifests/send_date={DAY}.json"
    manifest = json.loads(path.read_text("utf-8"))
    early = (dates.day_start(DAY) + timedelta(hours=23)).astimezone(UTC)
    manifest["result"]["oldest_answer"] = early.isoformat(timespec="seconds").replace("+00:00", "Z")
    path.write_text(json.dumps(manifest), "utf-8")
    settle(attempts)
    merged = attempts()["result"]
    assert merged["oldest_answer"] == manifest["result"]["oldest_answer"] < merged["as_of"]
    assert merged["provisional"]
    assert not merged["settled"]
    every = attempts(refresh="all")["result"]
    assert every["oldest_answer"] == every["as_of"]
    assert not every["provisional"]


def test_a_refresh_that_was_ended_is_gone_on_from(attempts: Any, elsewhere: Callable[[str], Any]) -> None:
    from airflow_provider_dysms.storage import checkpoints

    attempts.send(300)
    log = attempts.folder / "sent.csv"
    text = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(text[:101]), "utf-8")
    attempts()
    log.write_text("".join(text), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "MAX_QUERIES", 10)
        attempts.refuse_after(150)
        with pytest.raises(AirflowException, match="RAM_PERMISSION_DENY"):
            attempts()
        attempts.emulator.clear_faults()
        attempts.asked()
        kept = 10 * len(attempts.checkpoints())
        assert kept
        manifest = attempts()
    assert (manifest["run"]["resumed"], manifest["run"]["taken_over"]) == (kept, 98)
    assert attempts.asked() == 202 - kept
    whole = elsewhere("whole")
    whole()
    assert attempts.data() == whole.data()


ODD = [
    *("=1+1", "+86", "-2", "@sum", "\ttab", "'=quoted", "''-twice", "'plain", "x"),
    *("=cmd|'/c calc'!A1", "＝1", 'a;"b', ""),
]
SAFE = [
    *("'=1+1", "'+86", "'-2", "'@sum", "'\ttab", "''=quoted", "'''-twice", "'plain", "x"),
    *("'=cmd|'/c calc'!A1", "'＝1", 'a;"b', ""),
]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_texts_for_spreadsheets_come_back_as_they_were(
    attempts: Any, elsewhere: Callable[[str], Any], compression: str | None
) -> None:
    attempts.send(100)
    log = [line.split(",")[:2] for line in (attempts.folder / "sent.csv").read_text("utf-8").splitlines()]
    cells = ["campaign", *(ODD[place % len(ODD)] for place in range(100))]
    with (attempts.folder / "sent.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*line, cell] for line, cell in zip(log, cells, strict=True))
    how: dict[str, Any] = {"file_format": "csv", "compression": compression, "carry": ["campaign"]}

    def carried(who: Any) -> list[str]:
        content = who.data("csv.gz" if compression else "csv")
        text = (gzip.decompress(content) if compression else content).decode()
        return [row["campaign"] for row in csv.DictReader(io.StringIO(text, newline=""))]

    first = attempts(csv_safe=True, **how)
    written = carried(attempts)
    assert written[: len(ODD)] == SAFE
    assert first["result"]["parameters"]["csv_safe"] is True
    verify = DysmsVerifyPartitionOperator(task_id="verify", output_uri=f"file://{attempts.out}", send_date=DAY)
    assert verify.execute({})["rows"] == 100

    again = attempts(csv_safe=True, **how)  # what is final is taken over, and gains nothing
    assert again["run"]["taken_over"] == 98
    assert (carried(attempts), again["result"]["sha256"]) == (written, first["result"]["sha256"])
    bare = attempts(**how)  # and comes back as it was
    assert bare["run"]["taken_over"] == 98
    assert carried(attempts) == cells[1:]
    assert elsewhere("whole")(**how)["result"]["sha256"] == bare["result"]["sha256"]
    assert attempts(csv_safe=True, **how)["result"]["sha256"] == first["result"]["sha256"]


def test_a_manifest_of_an_earlier_release_has_no_word_for_spreadsheets(attempts: Any) -> None:
    attempts.send(50)
    attempts(file_format="csv")
    (path,) = (attempts.out / "_manifests").iterdir()
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["result"]["parameters"]["csv_safe"]
    del manifest["run"]["output_uri"], manifest["run"]["data_uri"]
    path.write_text(json.dumps(manifest), "utf-8")
    assert attempts(file_format="csv", csv_safe=True)["run"]["taken_over"] == 49


@pytest.mark.parametrize(
    "arguments",
    [{"csv_safe": True}, {"csv_safe": True, "file_format": "parquet"}, {"csv_safe": "yes", "file_format": "csv"}],
)
def test_texts_for_spreadsheets_are_for_csv_alone(attempts: Any, arguments: dict[str, Any]) -> None:
    attempts.send(1)
    with pytest.raises(AirflowFailException, match=r"^csv_safe "):
        attempts(**arguments)
    assert attempts.asked() == 0


def write_twice(attempts: Any) -> None:
    """Write every line of the log once more, with another campaign."""
    log = attempts.folder / "sent.csv"
    header, *lines = log.read_text("utf-8").splitlines()
    again = [f"{line.rpartition(',')[0]},again" for line in lines]
    log.write_text("\n".join([header, *lines, *again, ""]), "utf-8")


def test_a_log_that_has_every_line_twice_gives_the_file_of_the_log_that_has_it_once(
    attempts: Any, elsewhere: Callable[[str], Any]
) -> None:
    attempts.send(200)
    once = elsewhere("once")
    result = once(carry=["campaign"])["result"]
    write_twice(attempts)
    attempts.asked()
    twice = attempts(carry=["campaign"])["result"]
    assert attempts.asked() == 200
    assert attempts.data() == once.data()
    assert (twice["lines"], twice["repeated"], twice["missing"]) == (400, 200, 0)
    of_the_log = dict.fromkeys(("lines", "repeated", "unseen"))
    assert {**twice, **VARYING, **of_the_log} == {**result, **VARYING, **of_the_log}
    settle(attempts)
    again = attempts(carry=["campaign"])
    assert (again["run"]["taken_over"], attempts.asked()) == (196, 4)
    assert again["result"]["repeated"] == 200


def test_a_log_with_copies_is_gone_on_with_after_a_try_that_ended(
    attempts: Any, elsewhere: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dysms.storage import checkpoints

    attempts.send(200)
    write_twice(attempts)
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10)
    attempts.refuse_after(150)
    with pytest.raises(AirflowException, match="RAM_PERMISSION_DENY"):
        attempts()
    attempts.emulator.clear_faults()
    resumed = attempts()
    assert resumed["run"]["resumed"]
    whole = elsewhere("whole")
    result = whole()["result"]
    assert attempts.data() == whole.data()
    assert {**resumed["result"], **VARYING} == {**result, **VARYING}
    assert result["repeated"] == 200


def test_a_copy_that_was_added_since_is_asked_because_it_may_be_a_resend(attempts: Any) -> None:
    attempts.send(10)
    attempts()
    log = attempts.folder / "sent.csv"
    log.write_text(log.read_text("utf-8") + "13900000003,order-3,0\n", "utf-8")
    attempts.asked()
    assert attempts()["result"]["repeated"] == 1
    assert attempts.asked() == 2  # the one that waits, and this one
    attempts.emulator.add_message(phone_number="13900000003", out_id="order-3", sent_at=NOON.isoformat())
    log.write_text(log.read_text("utf-8") + "13900000003,order-3,0\n", "utf-8")
    result = attempts()["result"]
    assert (result["repeated"], result["rows"], result["unlogged"]) == (1, 11, 0)


def test_a_resend_whose_record_is_gone_fails_although_its_line_would_be_a_copy(attempts: Any) -> None:
    number = "13900000001"
    for minute in range(2):
        at = (NOON + timedelta(minutes=minute)).isoformat()
        attempts.emulator.add_message(phone_number=number, out_id="campaign", sent_at=at)
    (attempts.folder / "sent.csv").write_text(f"phone_number,out_id\n{number},campaign\n{number},campaign\n", "utf-8")
    assert attempts()["result"]["by_state"] == {"delivered": 2}
    replace(attempts, attempts.emulator.messages()[:1])
    with pytest.raises(AirflowException, match=r"1 lines had a record .* sent\.csv:3"):
        attempts(refresh="all")


def test_which_line_of_a_message_has_the_record_may_change(attempts: Any) -> None:
    number, biz_id = "13900000001", "900000000000000001^0"
    attempts.emulator.add_message(phone_number=number, biz_id=biz_id, sent_at=NOON.isoformat(), state="waiting")
    head, line = "phone_number,biz_id,sent_at\n", f"{number},{biz_id},{(NOON + timedelta(minutes=9)).isoformat()}\n"
    log = attempts.folder / "sent.csv"
    log.write_text(head + line, "utf-8")
    attempts()
    log.write_text(head + line + f"{number},{biz_id},{NOON.isoformat()}\n", "utf-8")
    result = attempts()["result"]
    assert (result["by_state"], result["repeated"]) == ({"waiting": 1}, 1)
