"""The four ways in which a service can say nothing and OK, each planted, each with an alarm of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=2)
NOON = dates.day_start(DAY) + timedelta(hours=12)
MIDNIGHT = dates.day_start(DAY + timedelta(days=1))
NUMBER = "13900000000"

Run = Callable[..., dict[str, Any]]


def write(path: Path, *lines: str, header: str = "phone_number,sent_at") -> None:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


class TestAnAllZeroAnswerFromTheWrongSiteAccountOrRegion:
    """The right service knows every message; a client with another key is told of none of them."""

    @pytest.fixture
    def wrong(self, emulator: Emulator) -> dict[str, str]:
        key = {"access_key_id": "LTAI-of-another", "access_key_secret": "its-own-secret"}
        emulator.add_account(**key, account="another")
        return {"login": key["access_key_id"], "password": key["access_key_secret"]}

    @pytest.fixture
    def logs(self, emulator: Emulator, tmp_path: Path) -> None:
        numbers = [f"1390000{place:04}" for place in range(20)]
        emulator.add_messages([{"phone_number": number, "sent_at": NOON.isoformat()} for number in numbers])
        globe = emulator.add_messages([{"phone_number": "+85251234567", "sent_at": NOON.isoformat()}] * 20)
        write(tmp_path / "phone_number.csv", *(f"{number},{NOON.isoformat()}" for number in numbers))
        write(tmp_path / "message_id.csv", *(message["message_id"] for message in globe), header="message_id")
        write(tmp_path / "question.csv", *numbers, header="phone_number")

    @pytest.mark.parametrize("log", ["phone_number", "message_id"])
    def test_is_no_day_without_messages(
        self, audit: Run, logs: None, wrong: dict[str, str], tmp_path: Path, log: str
    ) -> None:
        assert audit(f"{log}.csv", send_date=DAY, partition="right")["result"]["by_state"] == {"delivered": 20}
        with pytest.raises(AirflowException, match="a wrong site, account, region or send_date looks like this"):
            audit(f"{log}.csv", send_date=DAY, connection=wrong, partition="wrong")
        assert not (tmp_path / "out/wrong").exists()

    def test_is_said_of_a_list_of_questions_too_where_no_answer_is_owed(
        self, audit: Run, logs: None, wrong: dict[str, str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        audit("question.csv", send_date=DAY, partition="right")
        assert "looks like this" not in "".join(capfd.readouterr())
        audit("question.csv", send_date=DAY, connection=wrong, partition="wrong")
        assert "a wrong site, account or region looks like this" in "".join(capfd.readouterr())


class TestTheWindowThatClosesDuringTheWalk:
    """The service forgets a day at midnight by its own clock, and then answers nothing and OK."""

    LAST = TODAY - timedelta(days=30)
    MIDNIGHT = dates.day_start(TODAY + timedelta(days=1))
    LINES = 300  # more than are asked at a time

    @pytest.fixture
    def strike(self, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """The emulator's clock is the only one; it strikes midnight when it has been looked at so often.

        ``behind`` is how far ours is behind it.
        """
        numbers = [f"1390000{place:04}" for place in range(self.LINES)]
        sent_at = (dates.day_start(self.LAST) + timedelta(hours=12)).isoformat()
        emulator.add_messages([{"phone_number": number, "sent_at": sent_at} for number in numbers])
        emulator.configure(skew_v3=86_400)  # requests are dated by this machine's clock
        write(tmp_path / "sent.csv", *(f"{number},{sent_at}" for number in numbers))
        real = dates.is_remembered

        def plan(looks_until: int, behind: timedelta = timedelta()) -> None:
            emulator.set_clock(self.MIDNIGHT - timedelta(seconds=1), frozen=True)
            looks = count(1)

            def is_remembered(day: date, now: datetime) -> bool:
                if next(looks) == looks_until:
                    emulator.advance(2)
                ours = emulator.now() - behind
                return real(day, ours + (now - datetime.now(UTC)))

            monkeypatch.setattr(dates, "is_remembered", is_remembered)

        return plan

    def test_is_whole_when_it_ends_before(self, audit: Run, strike: Callable[..., None]) -> None:
        strike(10_000)
        result = audit("sent.csv", send_date=self.LAST)["result"]
        assert result["by_state"] == {"delivered": self.LINES}

    @pytest.mark.parametrize("behind", [timedelta(), timedelta(minutes=1), timedelta(minutes=14)])
    @pytest.mark.parametrize("looks", [20, 200, 330])
    def test_fails_the_task_whatever_the_rate_also_when_our_clock_is_behind(
        self,
        audit: Run,
        emulator: Emulator,
        strike: Callable[..., None],
        tmp_path: Path,
        looks: int,
        behind: timedelta,
    ) -> None:
        strike(looks, behind)
        with pytest.raises(AirflowFailException, match=r"outside the 30 days|leaves the service's memory about now"):
            audit("sent.csv", send_date=self.LAST, max_missing_rate=1)
        assert not (tmp_path / "out").exists()
        assert emulator.now() > self.MIDNIGHT  # it was during the walk


class TestAMessageDatedTheDayAfterItWasAccepted:
    """It left at 23:59:59, and the service files it under the next day."""

    LOGGED = MIDNIGHT - timedelta(seconds=1)
    DATED = MIDNIGHT + timedelta(seconds=2)

    @pytest.mark.parametrize("ids", [{"biz_id": "123^0"}, {"out_id": "order-1"}, {}])
    def test_is_found_by_every_key(self, audit: Run, emulator: Emulator, tmp_path: Path, ids: dict[str, str]) -> None:
        emulator.add_message(phone_number=NUMBER, sent_at=self.DATED.isoformat(), **ids)
        cells = ",".join([NUMBER, self.LOGGED.isoformat(), *ids.values()])
        write(tmp_path / "sent.csv", cells, header=",".join(["phone_number", "sent_at", *ids]))
        manifest = audit("sent.csv", send_date=DAY, max_missing_rate=0)
        assert manifest["result"]["by_state"] == {"delivered": 1}
        scope = manifest["run"]["statistics"]["mainland"]
        assert (scope["total"], scope["ours"]["total"], scope["explained"]) == (0, 1, "fully")

    def test_is_no_stranger_in_the_log_of_the_day_after(self, audit: Run, emulator: Emulator, tmp_path: Path) -> None:
        noon = NOON + timedelta(days=1)
        for sent_at in (self.DATED, MIDNIGHT + timedelta(minutes=11), noon):
            emulator.add_message(phone_number=NUMBER, sent_at=sent_at.isoformat())
        write(tmp_path / "sent.csv", f"{NUMBER},{noon.isoformat()}")
        result = audit("sent.csv", send_date=DAY + timedelta(days=1))["result"]
        assert result["by_state"] == {"delivered": 1, "unlogged": 1}
        assert result["edge"] == 1


LOGS = {
    "sent_at": ("phone_number,sent_at", f"{NUMBER},{NOON.isoformat()}"),
    "out_id": ("phone_number,out_id", f"{NUMBER},order-1"),
    "biz_id": ("phone_number,biz_id", f"{NUMBER},123^0"),
    "message_id": ("message_id", "17"),
}


class TestNoRecordForAnyLineAlthoughTheStatisticsHaveSome:
    """The account is the right one, and the log, the columns or the day are not."""

    @pytest.mark.parametrize("log", LOGS)
    @pytest.mark.parametrize("other", ["13911111111", "+85251234567"])
    def test_fails_whatever_the_rate(
        self, audit: Run, emulator: Emulator, tmp_path: Path, log: str, other: str
    ) -> None:
        emulator.add_message(phone_number=other, sent_at=NOON.isoformat())
        header, *lines = LOGS[log]
        write(tmp_path / "sent.csv", *lines, header=header)
        with pytest.raises(AirflowException, match="no record for any of 1 lines, although its statistics count 1"):
            audit("sent.csv", send_date=DAY, max_missing_rate=1)
        assert not (tmp_path / "out").exists()

    def test_fails_also_where_strangers_have_records(self, audit: Run, emulator: Emulator, tmp_path: Path) -> None:
        emulator.add_message(phone_number=NUMBER, sent_at=(NOON + timedelta(hours=3)).isoformat())
        write(tmp_path / "sent.csv", f"{NUMBER},{NOON.isoformat()}")
        with pytest.raises(AirflowException, match="statistics count 1"):
            audit("sent.csv", send_date=DAY, max_missing_rate=1)

    def test_is_no_alarm_where_the_statistics_have_none(
        self, audit: Run, emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write(tmp_path / "sent.csv", f"{NUMBER},{NOON.isoformat()}")
        manifest = audit("sent.csv", send_date=DAY, max_missing_rate=1)
        assert manifest["result"]["by_state"] == {"missing": 1}
        said = "".join(capfd.readouterr())
        assert "looks like this" in said
        assert NUMBER not in said + json.dumps(manifest)
