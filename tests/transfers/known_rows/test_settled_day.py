"""A settled day is asked about again only for lines that are new, or if everything is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.model import dates

SETTLED = dates.beijing_day(datetime.now(UTC)) - timedelta(days=5)
NOON = dates.day_start(SETTLED) + timedelta(hours=12)


def seed(attempts: Any, first: int, last: int) -> None:
    """Send one message each to some numbers, and write their lines to the log."""
    log = attempts.folder / "sent.csv"
    lines = [] if log.exists() else ["phone_number,out_id"]
    for place in range(first, last):
        number, out_id = f"1390000{place:04}", f"order-{place}"
        attempts.emulator.add_message(phone_number=number, out_id=out_id, sent_at=NOON.isoformat(), state="delivered")
        lines.append(f"{number},{out_id}")
    with log.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


def requests(attempts: Any) -> dict[str, int]:
    """Return the requests since the last look, by action."""
    counts = {action: count["requests"] for action, count in attempts.emulator.requests().items()}
    attempts.emulator.reset("requests")
    return counts


def files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_ino) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def sealed(attempts: Any) -> Any:
    seed(attempts, 0, 20)
    assert attempts(day=SETTLED)["result"]["settled"]
    requests(attempts)
    return attempts


def test_a_settled_day_is_not_asked_about_and_not_written_again(
    sealed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(sealed.out)
    again = sealed(day=SETTLED)
    assert requests(sealed) == {}
    assert files(sealed.out) == before
    assert (again["run"]["requests"], again["run"]["taken_over"]) == (0, 20)
    assert again["run"]["statistics"]["mainland"]["total"] == 20
    assert "its log has no new line: no request was sent" in capsys.readouterr().out


def test_other_limits_do_not_break_the_seal_and_another_format_does(sealed: Any) -> None:
    sealed(day=SETTLED, max_missing_rate=1, statistics="skip")
    assert requests(sealed) == {}
    sealed(day=SETTLED, file_format="csv")
    assert requests(sealed).keys() == {"QuerySendStatistics"}
    assert [path.suffix for path in (sealed.out / f"send_date={SETTLED}").iterdir()] == [".csv"]


def test_everything_is_asked_if_told_to(sealed: Any) -> None:
    assert sealed(day=SETTLED, refresh="all")["run"]["taken_over"] == 0
    assert requests(sealed)["QuerySendDetails"] == 20


def test_new_lines_of_a_settled_day_are_not_lost(sealed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seed(sealed, 20, 23)
    again = sealed(day=SETTLED)
    assert requests(sealed)["QuerySendDetails"] == 3
    assert again["result"]["rows"] == 23
    assert (
        "The day was settled, but 3 of its numbers and message ids have new or changed lines" in capsys.readouterr().out
    )
    sealed(day=SETTLED)
    assert requests(sealed) == {}


def test_a_line_that_was_removed_is_removed_from_the_file(sealed: Any) -> None:
    log = sealed.folder / "sent.csv"
    log.write_text("".join(log.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    again = sealed(day=SETTLED)
    assert again["result"]["rows"] == 19
    assert "QuerySendDetails" not in requests(sealed)


def test_a_data_file_that_is_gone_is_written_again(sealed: Any) -> None:
    data = sealed.out / f"send_date={SETTLED}/part-0.jsonl"
    before = data.read_bytes()
    data.unlink()
    sealed(day=SETTLED)
    assert requests(sealed)["QuerySendDetails"] == 20
    assert data.read_bytes() == before


def test_a_settled_day_without_lines_is_compared_with_its_statistics_again(attempts: Any) -> None:
    (attempts.folder / "sent.csv").write_text("phone_number,out_id\n", "utf-8")
    assert attempts(day=SETTLED)["result"]["settled"]
    requests(attempts)
    attempts(day=SETTLED)
    assert requests(attempts) == {"QuerySendStatistics": 2}
