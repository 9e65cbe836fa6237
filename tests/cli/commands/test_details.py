"""The search of the archive at the command line: a page, its notes, and no number in clear."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.archives import DAYS, NUMBERS, UNKNOWN, write_archive, write_day

from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.model.privacy import PrivacyKey

Run = Callable[..., Any]
SECRET = "a secret of the archive"
SPAN = ("--sent-from", str(DAYS[0]), "--sent-to", "2026-11-27")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_archive(f"file://{tmp_path}", [("parquet", None), ("csv", "gzip"), ("jsonl", None)])
    return tmp_path


def test_a_page_and_the_next_one_show_masked_numbers_and_what_is_not_known(airflow_dysms: Run, archive: Path) -> None:
    ended = airflow_dysms("details", "--output-uri", archive, *SPAN, "--result", "Failed", "-o", "json")
    page = json.loads(ended.out)
    assert ended.code == 0
    assert len(page["records"]) == 10
    assert {record["result"] for record in page["records"]} == {"Failed"}
    assert page["not_audited"] == [str(UNKNOWN)]
    assert not any(number in ended.out + ended.err for number in NUMBERS)
    following = airflow_dysms(
        *("details", "--output-uri", archive, *SPAN, "--result", "Failed", "-o", "json"),
        *("--cursor", page["next_cursor"]),
    )
    assert json.loads(following.out)["first"] == 11


def test_a_table_has_its_place_among_all_and_says_how_to_go_on(airflow_dysms: Run, archive: Path) -> None:
    ended = airflow_dysms("details", "--output-uri", archive, *SPAN, "--exact-total", "--page-size", "3")
    assert "1 to 3 of 360" in ended.out
    assert f"Not audited, so that their messages are not known: {UNKNOWN}." in ended.err
    assert "For the next page, add: --cursor " in ended.err


def test_a_number_is_read_from_the_standard_input_and_shown_only_if_that_is_asked(
    airflow_dysms: Run, archive: Path
) -> None:
    command = ("details", "--output-uri", archive, *SPAN, "--by-number", "-o", "json")
    masked = airflow_dysms(*command, stdin=f"+86 {NUMBERS[3]}\n")
    assert {each["phone_number"] for each in json.loads(masked.out)["records"]} == {"139****0003"}
    shown = airflow_dysms(*command, "--show-numbers", stdin=NUMBERS[3])
    assert {each["phone_number"] for each in json.loads(shown.out)["records"]} == {NUMBERS[3]}
    assert airflow_dysms(*command, stdin=f"{NUMBERS[3]},{NUMBERS[4]}").code == 2
    refused = airflow_dysms(*command[:-3], "--carried", f"out_id={NUMBERS[3]}")
    assert refused.code == 2
    assert NUMBERS[3] not in refused.err


def test_hashed_numbers_are_found_with_the_secret_of_the_connection(
    airflow_dysms: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_archive(f"file://{tmp_path}", [("jsonl", None)], key=PrivacyKey(SECRET))
    command = ("details", "--output-uri", tmp_path, *SPAN, "--by-number", "-o", "json")
    without = airflow_dysms(*command, stdin=NUMBERS[3])
    assert "rivacy_secret is needed" in without.err
    assert without.code == 2
    monkeypatch.setenv(
        "AIRFLOW_CONN_DYSMS_DEFAULT",
        json.dumps({"conn_type": "dysms", "login": "a", "password": "b", "extra": {"privacy_secret": SECRET}}),
    )
    found = json.loads(airflow_dysms(*command, stdin=NUMBERS[3]).out)
    assert {each["phone_hash"] for each in found["records"]} == {PrivacyKey(SECRET).phone_hash(NUMBERS[3])}


def test_a_day_that_does_not_fit_its_manifest_is_refused(airflow_dysms: Run, tmp_path: Path) -> None:
    manifest = write_day(f"file://{tmp_path}", DAYS[0], [])
    (tmp_path / manifest["result"]["data"]).write_text("x")
    ended = airflow_dysms("details", "--output-uri", tmp_path, "--sent-from", str(day_start(DAYS[0])), *SPAN[2:])
    assert ended.code == 1
    assert "is not what its manifest says: bytes 1, in the manifest 0" in ended.err
    assert airflow_dysms("details", "--output-uri", tmp_path, "--last", "1 week").code == 2


@pytest.mark.parametrize(("language", "words"), [("en", "Numbers are masked."), ("zh", "号码已隐藏部分数字。")])
def test_a_page_goes_to_a_file(airflow_dysms: Run, archive: Path, language: str, words: str) -> None:
    file = archive / "found.html"
    file.write_text("old")
    command = ("details", "--output-uri", archive, *SPAN, "--by-number", "--html", file, "--language", language)
    ended = airflow_dysms(*command, stdin=NUMBERS[3])
    assert ended.code == 0
    assert words in (page := file.read_text("utf-8"))
    assert page.count('<td class="phone">139****0003</td>') == 10
    assert not any(number in page for number in NUMBERS)
    assert ("未核对" in ended.err) == (language == "zh")
    airflow_dysms(*command, "--show-numbers", stdin=NUMBERS[3])
    assert f'<td class="phone">{NUMBERS[3]}</td>' in file.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_named(airflow_dysms: Run, archive: Path) -> None:
    (archive / "file").write_text("not a folder")
    ended = airflow_dysms("details", "--output-uri", archive, *SPAN, "--html", archive / "file" / "found.html")
    assert ended.code == 2
    assert ended.err.startswith("--html cannot be written: ")
