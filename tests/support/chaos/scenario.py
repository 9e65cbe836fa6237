"""The size of a chaos run, the limits and timeouts that it runs under, and the messages that it is about."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import BEIJING, beijing_day

#: Requests per second of the account, and the share of each process. A paused attempt goes on next to its retry, both
#: triggerers poll, and a busy machine delivers the requests of a second in the next one: five shares must fit.
QUOTAS = {"QuerySendDetails": 100, "QueryMessage": 100, "SendSms": 50, "QuerySendStatistics": 20}
QUOTA_SHARE = 0.2

#: Seconds after which the service refuses a signed request (the vendor: 900), and until it shows what was sent. A send
#: whose outcome is unknown waits that long, so that both must fit into a run several times.
LIFETIME, SETTLE = 90, 5

#: What becomes of the messages, in turn, and of the task that waits.
STORIES = [("delivered", "success"), ("delivered", "success"), ("failed", "failed"), ("expired", "failed")]

#: The share of the minutes within which the messages get their outcomes.
FIRST_OUTCOME, LAST_OUTCOME = 0.15, 0.95

#: Seconds after which Airflow takes something for dead, and further settings. Airflow's own values suit servers that
#: live for months; these let a run of minutes see each of them several times.
HEARTBEAT_TIMEOUTS = {"task": 20, "triggerer": 15, "scheduler": 20}
SETTINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUTS["task"]),
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": str(HEARTBEAT_TIMEOUTS["triggerer"]),
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": str(HEARTBEAT_TIMEOUTS["scheduler"]),
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
    # A task that a killed worker had taken from the queue, and not begun, is queued again.
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "30",
}

PRIVACY_SECRET = "a privacy secret for chaos alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The size of a run.

    :param seed: of the disturbances and of the generated days
    :param minutes: for how long Airflow is disturbed
    :param days: how many days are audited, the last one yesterday: 1 to 30
    :param messages: number of messages of each day
    :param waits: number of waits; as many of them as there are sends wait for what was sent
    :param sends: number of sends
    """

    seed: int = 1
    minutes: float = 30
    days: int = 30
    messages: int = 600
    waits: int = 200
    sends: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 30:
            raise ValueError("days must be from 1 to 30, which is what the service remembers")
        if self.waits < self.sends:
            raise ValueError("waits must be at least as many as sends: there is one behind each")

    @property
    def seconds(self) -> float:
        """For how long Airflow is disturbed, in seconds."""
        return self.minutes * 60

    def audited_days(self, now: datetime) -> list[date]:
        """Return the days to audit, the oldest first."""
        yesterday = beijing_day(now) - timedelta(days=1)
        return [yesterday - timedelta(days=age) for age in range(self.days - 1, -1, -1)]

    def may_cross_midnight(self, now: datetime) -> bool:
        """Return whether the Beijing day may end before the run does: then the oldest day may leave the window."""
        local = now.astimezone(BEIJING)
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return local + 3 * timedelta(seconds=self.seconds) > midnight


def generate_days(emulator: Emulator, scenario: Scenario, days: list[date], folder: Path) -> None:
    """Put the days into the service, and their send logs and the truth about them into files."""
    for name in ("sent", "truth"):
        (folder / name).mkdir()
    for day in days:
        log, truth = folder / f"sent/{day}.csv", folder / f"truth/{day}.jsonl"
        emulator.generate(send_date=day, messages=scenario.messages, seed=scenario.seed, log=log, truth=truth)


def add_waited(emulator: Emulator, scenario: Scenario) -> list[dict[str, Any]]:
    """Add the messages that are waited for by id; return each one's ``message_id``, ``outcome`` and ``end``."""
    count, now = scenario.waits - scenario.sends, datetime.now(UTC)
    stories = list(itertools.islice(itertools.cycle(STORIES), count))
    messages = emulator.add_messages(
        [
            {"phone_number": f"+65 8000 {number:04d}", "state": outcome, "settles_at": when.isoformat()}
            for number, (outcome, _) in enumerate(stories)
            for share in [FIRST_OUTCOME + (LAST_OUTCOME - FIRST_OUTCOME) * number / count]
            for when in [now + timedelta(seconds=share * scenario.seconds)]
        ]
    )
    return [
        {"message_id": message["message_id"], "outcome": outcome, "end": end}
        for message, (outcome, end) in zip(messages, stories, strict=True)
    ]


def sent_numbers(scenario: Scenario) -> list[str]:
    """Return the number of each send; no generated message goes to it."""
    return [f"1990000{number:04d}" for number in range(scenario.sends)]
