"""Decides whether a chaos run has left everything as it must be; each rule returns what breaks it, as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from support.truth import day_differences


@dataclass(frozen=True, slots=True)
class EndedWait:
    """A wait and its message, as they should have ended and as they did.

    :param name: such as ``wait 7``
    :param story: what became of the message
    :param end: the state in which the task must be
    :param told: the state of the message in the task's report; ``None`` without a report
    :param ended: the state of the task
    """

    name: str
    story: str
    end: str
    told: str | None
    ended: str | None


@dataclass(frozen=True, slots=True)
class EndedSend:
    """A send as its task tells it.

    :param number: the recipient
    :param ended: the state of the task
    :param out_id: the id in its result; ``None`` without a result
    """

    number: str
    ended: str | None
    out_id: str | None


def wrong_days(folder: Path, days: Iterable[date]) -> list[str]:
    """Every partition equals the truth row for row, and every manifest fits its file.

    :param folder: with the folders ``truth`` and ``output``
    """
    from airflow_provider_dysms.model.errors import DysmsError
    from airflow_provider_dysms.storage.verify import verify

    wrong: list[str] = []
    for day in days:
        wrong += day_differences(folder / f"truth/{day}.jsonl", folder / "output", day)
        try:
            verify(f"file://{folder}/output", f"send_date={day}")
        except DysmsError as error:
            wrong.append(f"{day}: {error}")
    return wrong


def wrong_waits(waits: Iterable[EndedWait]) -> list[str]:
    """Every wait has ended as the story of its message says, and tells that story."""
    return [
        f"{wait.name}: its message is {wait.story}; the task is {wait.ended} and tells {wait.told}"
        for wait in waits
        if (wait.ended, wait.told) != (wait.end, wait.story)
    ]


def wrong_sends(sends: Iterable[EndedSend], messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """No message was sent twice, and none was lost: each task says that it has sent what the service has once.

    :param messages: all that the service has
    """
    by_number: dict[str, list[str | None]] = {}
    for message in messages:
        by_number.setdefault(message["phone_number"], []).append(message["out_id"])
    wrong = []
    for position, send in enumerate(sends):
        arrived = by_number.get(send.number, [])
        if len(arrived) > 1:
            wrong.append(f"send {position} was sent {len(arrived)} times")
        elif not arrived:
            wrong.append(f"send {position} is lost: the task is {send.ended}, and the service has no message")
        elif send.ended != "success" or arrived != [send.out_id]:
            wrong.append(f"send {position} was sent, and its task does not say so: it is {send.ended}")
    return wrong


def wrong_quotas(counts: Mapping[str, Mapping[str, int]], quotas: Mapping[str, int]) -> list[str]:
    """No window of one second is above the quota, as the service counts what arrives.

    :param counts: action -> with ``worst_second``
    """
    return [
        f"{action}: {count['worst_second']} requests within a second, and {quotas[action]} are allowed"
        for action, count in counts.items()
        if action in quotas and count["worst_second"] > quotas[action]
    ]


def wrong_leftovers(folder: Path, days: Iterable[date]) -> list[str]:
    """The output has one data file and one manifest for each day, and nothing else that readers see."""
    expected = {f"send_date={day}/part-0.jsonl" for day in days} | {f"_manifests/send_date={day}.json" for day in days}
    output = folder / "output"
    found = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    # The sibling of a writer that was killed is hidden; a later write of the same partition removes it after an hour.
    visible = {name for name in found if not name.rpartition("/")[2].startswith(".")}
    return [f"left in the output: {name}" for name in sorted(visible - expected)]


def wrong_processes(left: Iterable[str]) -> list[str]:
    """No process is left.

    :param left: what each is that was found
    """
    return [f"{count} processes are left: {name}" for name, count in Counter(left).items()]
