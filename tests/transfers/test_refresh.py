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
#: What says of which try a result is, and how it came about.
OF_THE_TRY = dict.fromkeys(("as_of", "oldest_answer", "parameters", "settled", "provisional"))


def settle(tries: Any, state: str = "delivered") -> int:
    """Let every message that waits have its receipt; return how many did."""
    messages = tries.emulator.messages()
    waiting = [message for message in messages if message["state"] == "waiting"]
    for message in waiting:
        message["state"] = state
        del message["error_code"], message["received_at"]
    replace(tries, messages)
    return len(waiting)


def replace(tries: Any, messages: list[dict[str, Any]]) -> None:
    """Have the service know these messages and no others."""
    tries.emulator.reset()
    tries.emulator.quotas(QuerySendDetails=50_000, QueryMessage=50_000)
    tries.emulator.add_messages(messages)


def test_a_thousand_lines_of_which_twenty_are_open_are_twenty_requests(tries: Any) -> None:
    tries.send(1_000)
    first = tries()
    assert tries.asked() == 1_000
    assert first["result"]["open"] == 20
    settle(tries)
    second = tries()
    assert tries.asked() == 20
    assert second["run"]["requests"] == 20 + 2  # the statistics
    assert second["run"]["taken_over"] == 980
    assert second["result"]["by_state"] == {"delivered": 920, "failed": 80}
    assert second["result"]["asked"] == 1_000
    third = tries()
    assert tries.asked() == 0
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
    tries: Any, elsewhere: Callable[[str], Any], form: str
) -> None:
    tries.generate(900, seed=7, kinds=KINDS, midnight=20, ambiguous=10)
    arguments = {"carry": ["user_id", "campaign"], **FORMS[form]}
    data = tries(**arguments)["result"]["data"]
    before = (tries.out / data).read_bytes()
    assert settle(tries)
    merged = tries(**arguments)
    whole = elsewhere("whole")
    result = whole(**arguments)["result"]
    assert merged["run"]["taken_over"] > 400
    assert before != (tries.out / data).read_bytes() == (whole.out / data).read_bytes()
    assert {**merged["result"], **OF_THE_TRY} == {**result, **OF_THE_TRY}
    assert merged["result"]["ambiguous"] >= 10


def test_a_log_that_has_grown_is_asked_for_its_new_lines(tries: Any, elsewhere: Callable[[str], Any]) -> None:
    tries.generate(800, seed=8, kinds=KINDS)
    log = tries.folder / "sent.csv"
    text = log.read_text("utf-8")
    header, *lines = text.splitlines(keepends=True)
    log.write_text("".join([header, *lines[:600]]), "utf-8")
    tries()
    log.write_text("".join([header, *lines[100:]]), "utf-8")
    tries.asked()
    merged = tries()
    assert 100 < tries.asked() < 500
    whole = elsewhere("whole")
    whole()
    assert tries.data() == whole.data()
    assert merged["run"]["taken_over"] > 200


@pytest.mark.parametrize("change", ["out_id", "sent_at", "campaign"])
def test_a_line_that_has_changed_is_asked_again(tries: Any, elsewhere: Callable[[str], Any], change: str) -> None:
    number, other = "13900000001", "13900000002"
    for place in range(2):
        at = (NOON + timedelta(minutes=5 * place)).isoformat()
        tries.emulator.add_message(phone_number=number, sent_at=at, out_id=f"order-{place}")
    tries.emulator.add_message(phone_number=other, sent_at=NOON.isoformat())

    def write(*lines: tuple[str, ...]) -> None:
        text = "\n".join(",".join(line) for line in [("phone_number", "sent_at", "out_id", "campaign"), *lines])
        (tries.folder / "sent.csv").write_text(text + "\n", "utf-8")

    early, late = NOON.isoformat(), (NOON + timedelta(minutes=5)).isoformat()
    keyed = change == "out_id"
    ids = ("order-0", "order-1") if keyed else ("", "")
    write((number, early, ids[0], "a"), (number, late, ids[1], "a"), (other, early, "", ""))
    tries()
    tries.asked()
    tries()
    assert tries.asked() == 0
    changed = {
        "out_id": [(number, early, ids[1], "a"), (number, late, ids[0], "a")],
        "sent_at": [(number, late, "", "a"), (number, early, "", "a")],
        "campaign": [(number, early, "", "a"), (number, late, "", "b")],
    }[change]
    write(*changed, (other, early, "", ""))
    arguments = {"carry": ["campaign"]} if change == "campaign" else {}
    if change == "campaign":
        write((number, early, "", "a"), (number, late, "", "a"), (other, early, "", ""))
        tries(**arguments)
        tries.asked()
        write(*changed, (other, early, "", ""))
    tries(**arguments)
    assert tries.asked() == 1
    whole = elsewhere("whole")
    whole(**arguments)
    assert tries.data() == whole.data()


def test_a_line_of_another_time_is_another_line(tries: Any) -> None:
    for number in ("13900000001", "13900000002"):
        tries.emulator.add_message(phone_number=number, sent_at=NOON.isoformat())
    log = tries.folder / "sent.csv"
    text = f"phone_number,sent_at\n13900000001,{NOON.isoformat()}\n13900000002,{NOON.isoformat()}\n"
    log.write_text(text, "utf-8")
    tries()
    log.write_text(text[::-1].replace(NOON.isoformat()[::-1], (NOON + timedelta(hours=2)).isoformat()[::-1], 1)[::-1])
    assert tries(max_missing_rate=1)["result"]["by_state"] == {"delivered": 1, "missing": 1, "unlogged": 1}


def test_a_line_without_a_record_is_asked_again_however_late(tries: Any) -> None:
    day = TODAY - timedelta(days=6)
    noon = (dates.day_start(day) + timedelta(hours=12)).isoformat()
    numbers = ("13900000001", "13900000002")
    tries.emulator.add_message(phone_number=numbers[0], sent_at=noon)
    log = tries.folder / "sent.csv"
    log.write_text("".join(["phone_number,sent_at\n", *(f"{number},{noon}\n" for number in numbers)]), "utf-8")
    first = tries(day=day, max_missing_rate=1)["result"]
    assert (first["missing"], first["open"]) == (1, 0)
    tries.emulator.add_message(phone_number=numbers[1], sent_at=noon)
    assert tries(day=day)["result"]["by_state"] == {"delivered": 2}


@pytest.mark.parametrize("refresh", ["unsettled", "all"])
def test_a_line_that_had_a_record_and_has_none_fails_whatever_the_rate(tries: Any, refresh: str) -> None:
    tries.send(100)
    tries()
    before = tries.data()
    messages = tries.emulator.messages()
    gone = [place for place, message in enumerate(messages) if message["state"] == "waiting"]
    assert len(gone) == 2
    replace(tries, [message for place, message in enumerate(messages) if place not in gone])
    with pytest.raises(AirflowException, match=r"2 lines had a record .* first of them sent\.csv:2;"):
        tries(refresh=refresh, max_missing_rate=1)
    assert tries.data() == before
    (tries.out / f"_manifests/send_date={DAY}.json").unlink()
    (tries.out / f"send_date={DAY}/part-0.jsonl").unlink()
    assert tries(refresh=refresh, max_missing_rate=1)["result"]["missing"] == 2


def test_a_record_that_is_gone_is_found_out_in_a_log_that_has_grown(tries: Any) -> None:
    number = "13900000001"
    for hour in (0, 2):
        at = (NOON + timedelta(hours=hour)).isoformat()
        tries.emulator.add_message(phone_number=number, sent_at=at, state="waiting" if hour else "delivered")
    log = tries.folder / "sent.csv"
    lines = [f"{number},{(NOON + timedelta(hours=hour)).isoformat()}\n" for hour in (0, 1, 2)]
    log.write_text("".join(["phone_number,sent_at\n", lines[0], lines[2]]), "utf-8")
    tries()
    log.write_text("".join(["phone_number,sent_at\n", *lines]), "utf-8")
    replace(tries, tries.emulator.messages()[:1])
    with pytest.raises(AirflowException, match=r"1 lines had a record .* first of them sent\.csv:4;"):
        tries(max_missing_rate=1)


def test_what_changes_behind_a_final_line_is_found_by_asking_everything_alone(tries: Any) -> None:
    tries.send(100)
    tries()
    messages = tries.emulator.messages()
    for message in messages:
        if message["state"] == "failed":
            message["state"] = "delivered"
            del message["error_code"], message["received_at"]
    stranger = {**messages[1], "out_id": "stranger"}
    replace(tries, [*messages, stranger])
    assert tries()["result"]["by_state"] == {"delivered": 90, "failed": 8, "waiting": 2}
    every = tries(refresh="all")
    assert every["result"]["by_state"] == {"delivered": 98, "unlogged": 1, "waiting": 2}
    assert every["run"]["taken_over"] == 0


def test_a_list_of_questions_asks_the_numbers_without_a_final_record(tries: Any) -> None:
    tries.send(100)
    numbers = [f"1390000{place:04}" for place in range(110)]
    first = tries(None, phone_numbers=numbers)
    assert first["result"]["rows"] == 100
    tries.asked()
    settle(tries)
    tries.emulator.add_message(phone_number=numbers[105], sent_at=NOON.isoformat())
    second = tries(None, phone_numbers=numbers)
    assert tries.asked() == 2 + 10
    assert second["result"]["rows"] == 101
    assert second["result"]["asked"] == 110
    replace(tries, [])
    with pytest.raises(AirflowException, match="101 lines had a record"):
        tries(None, phone_numbers=numbers, refresh="all", statistics="skip")


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
    tries: Any, capfd: pytest.CaptureFixture[str], change: dict[str, Any], reason: str
) -> None:
    tries.send(60)
    tries()
    tries.asked()
    assert tries(**change)["run"]["taken_over"] == 0
    assert tries.asked() == 60
    assert f"{reason}" in "".join(line for line in capfd.readouterr().out.splitlines() if "not taken over" in line)


def test_another_privacy_key_makes_other_rows(tries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tries.send(60)
    tries(phone="hashed")
    assert tries(phone="hashed")["run"]["taken_over"] == 58
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", tries.connection(privacy_secret="j" * 32))
    assert tries(phone="hashed")["run"]["taken_over"] == 0


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_after_a_rotation_the_previous_secret_reads_and_every_hash_is_of_the_new_one(
    tries: Any, elsewhere: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    tries.generate(600, seed=9, kinds=KINDS, midnight=20, ambiguous=10)
    arguments = {"phone": "hashed", "file_format": file_format, "carry": ["campaign"]}
    first = tries(**arguments)["result"]["parameters"]["hashed_by"]
    assert settle(tries)
    rotated = {"privacy_secret": "j" * 32, "privacy_secret_previous": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", tries.connection(**rotated))
    merged = tries(**arguments)
    assert merged["run"]["taken_over"] > 200
    assert first != merged["result"]["parameters"]["hashed_by"] == PrivacyKey("j" * 32).fingerprint
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", tries.connection(privacy_secret="j" * 32))
    whole = elsewhere("whole")
    whole(**arguments)
    assert tries.data(file_format) == whole.data(file_format)


def test_after_a_rotation_a_lost_record_is_noticed_too(tries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tries.send(60)
    tries(phone="hashed")
    replace(tries, [])
    rotated = {"privacy_secret": "j" * 32, "privacy_secret_previous": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", tries.connection(**rotated))
    with pytest.raises(AirflowException, match="60 lines had a record at the service"):
        tries(phone="hashed", refresh="all", max_missing_rate=1.0)


def test_without_the_previous_secret_everything_is_asked_and_the_log_names_the_secret_that_the_rows_need(
    tries: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries.send(60)
    tries(phone="hashed")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", tries.connection(privacy_secret="j" * 32))
    assert tries(phone="hashed")["run"]["taken_over"] == 0
    said = "".join(line for line in capfd.readouterr().out.splitlines() if "not taken over" in line)
    assert f"the rows need {PrivacyKey('k' * 32).fingerprint} as privacy_secret_previous" in said
    assert f"fingerprint {PrivacyKey('j' * 32).fingerprint}" in said


@pytest.mark.parametrize("damage", ["torn", "gone", "another's"])
def test_a_data_file_that_does_not_fit_its_manifest_is_asked_anew_with_a_warning(
    tries: Any, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    tries.send(60)
    tries()
    data: Path = tries.out / f"send_date={DAY}/part-0.jsonl"
    whole = data.read_bytes()
    if damage == "gone":
        data.unlink()
    else:
        data.write_bytes(whole[:-1] if damage == "torn" else whole.replace(b"delivered", b"deliverex"))
    assert tries()["run"]["taken_over"] == 0
    assert "does not fit its manifest" in "".join(capfd.readouterr())
    assert data.read_bytes() == whole


@pytest.mark.parametrize("formats", [("csv", "jsonl"), ("parquet", "csv"), ("jsonl", "parquet")])
def test_another_format_is_read_and_rewritten(
    tries: Any, elsewhere: Callable[[str], Any], formats: tuple[str, str]
) -> None:
    before, after = formats
    tries.send(60)
    log = tries.folder / "sent.jsonl"
    lines = [line.split(",") for line in (tries.folder / "sent.csv").read_text("utf-8").splitlines()[1:]]
    cells = (
        {"phone_number": number, "out_id": out_id, "campaign": "" if campaign == "3" else campaign}
        for number, out_id, campaign in lines
    )
    log.write_text("".join(json.dumps(line) + "\n" for line in cells), "utf-8")
    arguments = {"sent": "sent.jsonl", "carry": ["campaign"]}
    tries(file_format=before, **arguments)
    assert tries(file_format=after, **arguments)["run"]["taken_over"] > 45
    whole = elsewhere("whole")
    whole(file_format=after, **arguments)
    assert tries.data(after) == whole.data(after)
    assert tries(file_format=after, **arguments)["run"]["taken_over"] == 58


def test_a_file_is_settled_by_its_oldest_answer(
    tries: Any, monkeypatch: pytest.MonkeyPatch, elsewhere: Callable[[str], Any]
) -> None:
    tries.send(60)
    tries()
    path = tries.out / f"_manifests/send_date={DAY}.json"
    manifest = json.loads(path.read_text("utf-8"))
    early = (dates.day_start(DAY) + timedelta(hours=23)).astimezone(UTC)
    manifest["result"]["oldest_answer"] = early.isoformat(timespec="seconds").replace("+00:00", "Z")
    path.write_text(json.dumps(manifest), "utf-8")
    settle(tries)
    merged = tries()["result"]
    assert merged["oldest_answer"] == manifest["result"]["oldest_answer"] < merged["as_of"]
    assert merged["provisional"]
    assert not merged["settled"]
    every = tries(refresh="all")["result"]
    assert every["oldest_answer"] == every["as_of"]
    assert not every["provisional"]


def test_a_refresh_that_was_ended_is_gone_on_from(tries: Any, elsewhere: Callable[[str], Any]) -> None:
    from airflow_provider_dysms.storage import checkpoints

    tries.send(300)
    log = tries.folder / "sent.csv"
    text = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(text[:101]), "utf-8")
    tries()
    log.write_text("".join(text), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "MAX_QUERIES", 10)
        tries.refuse_after(150)
        with pytest.raises(AirflowException, match="RAM_PERMISSION_DENY"):
            tries()
        tries.emulator.clear_faults()
        tries.asked()
        kept = 10 * len(tries.segments())
        assert kept
        manifest = tries()
    assert (manifest["run"]["resumed"], manifest["run"]["taken_over"]) == (kept, 98)
    assert tries.asked() == 202 - kept
    whole = elsewhere("whole")
    whole()
    assert tries.data() == whole.data()


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
    tries: Any, elsewhere: Callable[[str], Any], compression: str | None
) -> None:
    tries.send(100)
    log = [line.split(",")[:2] for line in (tries.folder / "sent.csv").read_text("utf-8").splitlines()]
    cells = ["campaign", *(ODD[place % len(ODD)] for place in range(100))]
    with (tries.folder / "sent.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*line, cell] for line, cell in zip(log, cells, strict=True))
    how: dict[str, Any] = {"file_format": "csv", "compression": compression, "carry": ["campaign"]}

    def carried(who: Any) -> list[str]:
        content = who.data("csv.gz" if compression else "csv")
        text = (gzip.decompress(content) if compression else content).decode()
        return [row["campaign"] for row in csv.DictReader(io.StringIO(text, newline=""))]

    first = tries(csv_safe=True, **how)
    written = carried(tries)
    assert written[: len(ODD)] == SAFE
    assert first["result"]["parameters"]["csv_safe"] is True
    verify = DysmsVerifyPartitionOperator(task_id="verify", output_uri=f"file://{tries.out}", send_date=DAY)
    assert verify.execute({})["rows"] == 100

    again = tries(csv_safe=True, **how)  # what is final is taken over, and gains nothing
    assert again["run"]["taken_over"] == 98
    assert (carried(tries), again["result"]["sha256"]) == (written, first["result"]["sha256"])
    bare = tries(**how)  # and comes back as it was
    assert bare["run"]["taken_over"] == 98
    assert carried(tries) == cells[1:]
    assert elsewhere("whole")(**how)["result"]["sha256"] == bare["result"]["sha256"]
    assert tries(csv_safe=True, **how)["result"]["sha256"] == first["result"]["sha256"]


def test_a_manifest_of_an_earlier_release_has_no_word_for_spreadsheets(tries: Any) -> None:
    tries.send(50)
    tries(file_format="csv")
    (path,) = (tries.out / "_manifests").iterdir()
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["result"]["parameters"]["csv_safe"]
    del manifest["run"]["output_uri"], manifest["run"]["data_uri"]
    path.write_text(json.dumps(manifest), "utf-8")
    assert tries(file_format="csv", csv_safe=True)["run"]["taken_over"] == 49


@pytest.mark.parametrize(
    "arguments",
    [{"csv_safe": True}, {"csv_safe": True, "file_format": "parquet"}, {"csv_safe": "yes", "file_format": "csv"}],
)
def test_texts_for_spreadsheets_are_for_csv_alone(tries: Any, arguments: dict[str, Any]) -> None:
    tries.send(1)
    with pytest.raises(AirflowFailException, match=r"^csv_safe "):
        tries(**arguments)
    assert tries.asked() == 0


def write_twice(tries: Any) -> None:
    """Write every line of the log once more, with another campaign."""
    log = tries.folder / "sent.csv"
    header, *lines = log.read_text("utf-8").splitlines()
    again = [f"{line.rpartition(',')[0]},again" for line in lines]
    log.write_text("\n".join([header, *lines, *again, ""]), "utf-8")


def test_a_log_that_has_every_line_twice_gives_the_file_of_the_log_that_has_it_once(
    tries: Any, elsewhere: Callable[[str], Any]
) -> None:
    tries.send(200)
    once = elsewhere("once")
    result = once(carry=["campaign"])["result"]
    write_twice(tries)
    tries.asked()
    twice = tries(carry=["campaign"])["result"]
    assert tries.asked() == 200
    assert tries.data() == once.data()
    assert (twice["lines"], twice["repeated"], twice["missing"]) == (400, 200, 0)
    of_the_log = dict.fromkeys(("lines", "repeated", "unseen"))
    assert {**twice, **OF_THE_TRY, **of_the_log} == {**result, **OF_THE_TRY, **of_the_log}
    settle(tries)
    again = tries(carry=["campaign"])
    assert (again["run"]["taken_over"], tries.asked()) == (196, 4)
    assert again["result"]["repeated"] == 200


def test_a_log_with_copies_is_gone_on_with_after_a_try_that_ended(
    tries: Any, elsewhere: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dysms.storage import checkpoints

    tries.send(200)
    write_twice(tries)
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10)
    tries.refuse_after(150)
    with pytest.raises(AirflowException, match="RAM_PERMISSION_DENY"):
        tries()
    tries.emulator.clear_faults()
    resumed = tries()
    assert resumed["run"]["resumed"]
    whole = elsewhere("whole")
    result = whole()["result"]
    assert tries.data() == whole.data()
    assert {**resumed["result"], **OF_THE_TRY} == {**result, **OF_THE_TRY}
    assert result["repeated"] == 200


def test_a_copy_that_was_added_since_is_asked_because_it_may_be_a_resend(tries: Any) -> None:
    tries.send(10)
    tries()
    log = tries.folder / "sent.csv"
    log.write_text(log.read_text("utf-8") + "13900000003,order-3,0\n", "utf-8")
    tries.asked()
    assert tries()["result"]["repeated"] == 1
    assert tries.asked() == 2  # the one that waits, and this one
    tries.emulator.add_message(phone_number="13900000003", out_id="order-3", sent_at=NOON.isoformat())
    log.write_text(log.read_text("utf-8") + "13900000003,order-3,0\n", "utf-8")
    result = tries()["result"]
    assert (result["repeated"], result["rows"], result["unlogged"]) == (1, 11, 0)


def test_a_resend_whose_record_is_gone_fails_although_its_line_would_be_a_copy(tries: Any) -> None:
    number = "13900000001"
    for minute in range(2):
        at = (NOON + timedelta(minutes=minute)).isoformat()
        tries.emulator.add_message(phone_number=number, out_id="campaign", sent_at=at)
    (tries.folder / "sent.csv").write_text(f"phone_number,out_id\n{number},campaign\n{number},campaign\n", "utf-8")
    assert tries()["result"]["by_state"] == {"delivered": 2}
    replace(tries, tries.emulator.messages()[:1])
    with pytest.raises(AirflowException, match=r"1 lines had a record .* sent\.csv:3"):
        tries(refresh="all")


def test_which_line_of_a_message_has_the_record_may_change(tries: Any) -> None:
    number, biz_id = "13900000001", "900000000000000001^0"
    tries.emulator.add_message(phone_number=number, biz_id=biz_id, sent_at=NOON.isoformat(), state="waiting")
    head, line = "phone_number,biz_id,sent_at\n", f"{number},{biz_id},{(NOON + timedelta(minutes=9)).isoformat()}\n"
    log = tries.folder / "sent.csv"
    log.write_text(head + line, "utf-8")
    tries()
    log.write_text(head + line + f"{number},{biz_id},{NOON.isoformat()}\n", "utf-8")
    result = tries()["result"]
    assert (result["by_state"], result["repeated"]) == ({"waiting": 1}, 1)
