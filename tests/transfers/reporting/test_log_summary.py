"""The log of an audit, as a person reads it."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.transfers.reporting.log_summary import in_units, next_step, summary_table

DAY = date(2025, 6, 1)
END = dates.day_start(DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (12_400_000, "12.4 MB"),
        (3_000_000_000, "3.0 GB"),
        (5_000_000_000_000, "5,000.0 GB"),
    ],
)
def test_sizes_are_in_plain_units(size: int, text: str) -> None:
    assert in_units(size) == text


def result(after: timedelta, **changes: Any) -> dict[str, Any]:
    """The result of an audit so long after the end of the day."""
    oldest = (END + after).astimezone(UTC).isoformat()
    state = {"settled": False, "provisional": False, "keyed": True, "open": 0, "missing": 0, "by_state": {}}
    return {"send_date": DAY.isoformat(), "oldest_answer": oldest, **state, **changes}


HOURS = timedelta(hours=1)
OPEN = {"open": 5, "missing": 2, "by_state": {"waiting": 3, "missing": 2}}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (result(80 * HOURS, settled=True), "The day is settled: nothing about it can change any more"),
        (
            result(-HOURS, provisional=True),
            "not over when the service was asked. Run the task again after 2025-06-02 00:10",
        ),
        (result(HOURS), "it has only just ended. Run the task again after 2025-06-02 02:00 in Beijing"),
        (result(HOURS, **OPEN), "3 wait for a receipt and 2 are missing. Run the task again after 2025-06-02 02:00"),
        (result(9 * HOURS, **OPEN), "Run the task again tomorrow, or after 2025-06-05 00:00 in Beijing"),
        (result(60 * HOURS, **OPEN), "Run the task again after 2025-06-05 00:00 in Beijing"),
        (result(9 * HOURS, keyed=False), "a list of numbers is settled after 2025-06-05 00:00 in Beijing"),
    ],
)
def test_it_says_when_to_run_again(found: dict[str, Any], says: str) -> None:
    assert says in next_step(found)


def test_the_log_says_what_was_read_and_found_and_where_it_lies(
    attempts: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    attempts.send(100)
    log = attempts.folder / "sent.csv"
    header, *lines = log.read_text("utf-8").splitlines()
    log.unlink()
    (attempts.folder / "log").mkdir()
    for place in range(12):
        part = [header, *lines[place * 10 : place * 10 + 10], *lines[:5][: place == 11 and 5]]
        (attempts.folder / f"log/{place:02}.csv").write_text("\n".join([*part, ""]), "utf-8")
    manifest = attempts("log")
    said = "".join(capfd.readouterr())
    size = sum(file.stat().st_size for file in (attempts.folder / "log").iterdir())
    assert f"has 105 lines in 12 files of {in_units(size)}: '00.csv' (" in said
    assert "'09.csv'" in said
    assert "'10.csv'" not in said
    assert "and 2 more" in said
    table = summary_table(manifest)
    assert table in said
    assert re.search(r"^  lines in the log +105$", table, re.MULTILINE)
    assert re.search(r"^  repeated lines +5$", table, re.MULTILINE)
    assert re.search(r"^  delivered +90 +90\.0%$", table, re.MULTILINE)
    assert (
        len({len(line.partition("%")[0]) for line in table.splitlines() if "%" in line and "within" not in line}) == 1
    )
    assert f"file://{attempts.out}/{manifest['result']['data']} (" in said
    assert f"file://{attempts.out}/_manifests/{manifest['result']['data'].split('/')[0]}.json" in said
    assert "wait for a receipt" in said
    assert "139000" not in said


def test_a_name_with_a_line_end_stays_on_its_line(attempts: Any, capfd: pytest.CaptureFixture[str]) -> None:
    (attempts.folder / "log").mkdir()
    attempts.send(1)
    (attempts.folder / "sent.csv").rename(attempts.folder / "log/a\nERROR forged.csv")
    attempts("log")
    assert "\nERROR forged" not in "".join(capfd.readouterr())


def test_numbers_that_are_asked_about_are_counted(attempts: Any, capfd: pytest.CaptureFixture[str]) -> None:
    attempts.send(2)
    attempts(None, phone_numbers=["13900000000", "13900000001"])
    said = "".join(capfd.readouterr())
    assert "2 phone numbers" in said
    assert "139000" not in said


def test_shares_of_a_list_of_numbers_are_shares_of_its_messages(attempts: Any) -> None:
    attempts.send(2)
    attempts.send(2)
    table = summary_table(attempts(None, phone_numbers=["13900000000", "13900000001"]))
    assert re.search(r"^  delivered +2 +50\.0%$", table, re.MULTILINE), table


def test_the_table_of_an_empty_day_divides_by_nothing(attempts: Any) -> None:
    (attempts.folder / "sent.csv").write_text("phone_number,sent_at\n", "utf-8")
    assert re.search(r"^  delivered +0$", summary_table(attempts()), re.MULTILINE)
