"""Writes the send log of a generated day, and the verdicts that an audit of that log must find."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.emulator.generator.catalogue import Catalogue
from airflow_provider_dysms.emulator.state import beijing_text, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from random import Random

    from airflow_provider_dysms.emulator.generator.day import PlannedMessage

COLUMNS = ("phone_number", "message_id", "biz_id", "out_id", "sent_at", "user_id", "campaign")
_CAMPAIGNS = ("login", "orders", "summer", "")


def write_log(planned: list[PlannedMessage], path: Path | str | None, random: Random) -> Iterator[int]:
    """Write the log as CSV, oldest line first; yield the number of lines after each one.

    :param path: ``None``: nothing is written, but the lines are counted
    :param random: decides how phone numbers are spelled
    """
    catalogue = Catalogue(random)
    if _is_number_list(planned):
        numbers = _listed_numbers(planned)
        rows: Iterable[tuple[str, ...]] = (
            (catalogue.spell_number(number, international=international),) for number, international in numbers
        )
        return _write(path, ("phone_number",), rows)
    return _write(path, COLUMNS, (_line(each, catalogue, random) for each in _logged(planned)))


def write_truth(
    planned: list[PlannedMessage], path: Path | str | None, delivered_codes: Mapping[bool, str]
) -> Iterator[str]:
    """Write the expected verdicts as JSON Lines, by line of the log, unlogged messages last; yield each state.

    :param path: ``None``: nothing is written, but the states are yielded
    :param delivered_codes: whether the international site sent a message -> error code of a delivery
    """
    with contextlib.ExitStack() as stack:
        file = None if path is None else stack.enter_context(Path(path).open("wb"))
        for each, line in _in_truth_order(planned):
            row = _verdict(each, line, delivered_codes[each.kind == "international"])
            if file is not None:
                file.write(msgspec.json.encode(row) + b"\n")
            yield str(row["state"])


def _in_truth_order(planned: list[PlannedMessage]) -> Iterator[tuple[PlannedMessage, int | None]]:
    """Yield the messages in the order of the verdicts, each with the number of its line."""
    if _is_number_list(planned):
        first_line: dict[str, int] = {}
        for position, (number, _) in enumerate(_listed_numbers(planned), 1):
            first_line.setdefault(number, position)
        recorded = [each for each in planned if each.recorded]
        recorded.sort(key=lambda each: (first_line[each.phone_number], each.sent_at))
        yield from ((each, first_line[each.phone_number]) for each in recorded)
        return
    yield from ((each, position) for position, each in enumerate(_logged(planned), 1))
    unlogged = [each for each in planned if each.logged_at is None]
    unlogged.sort(key=lambda each: (each.phone_number, each.sent_at))
    yield from ((each, None) for each in unlogged)


def _is_number_list(planned: list[PlannedMessage]) -> bool:
    return bool(planned) and planned[0].kind == "question"


def _listed_numbers(planned: list[PlannedMessage]) -> list[tuple[str, bool]]:
    """Return the phone numbers in the order of the log; some appear twice."""
    numbers = list(dict.fromkeys((each.phone_number, each.international) for each in planned))
    return numbers + numbers[::50]


def _logged(planned: list[PlannedMessage]) -> list[PlannedMessage]:
    """Return the messages that have a line in the log, oldest first."""
    return sorted((each for each in planned if each.logged_at is not None), key=lambda each: each.logged_at or 0)


def _line(each: PlannedMessage, catalogue: Catalogue, random: Random) -> tuple[str, ...]:
    has_message_id = each.kind == "international"
    return (
        "" if has_message_id else catalogue.spell_number(each.phone_number, international=each.international),
        each.message_id or "",
        (each.biz_id or "") if each.kind == "biz_id" else "",
        (each.out_id or "") if each.kind == "out_id" else "",
        f"{beijing_text(each.logged_at or 0).replace(' ', 'T')}+08:00" if each.time_in_log else "",
        f"u{random.randrange(10**6):06d}",
        random.choice(_CAMPAIGNS),
    )


def _verdict(each: PlannedMessage, line: int | None, delivered_code: str) -> dict[str, object]:
    recorded = each.recorded
    state = each.outcome if recorded and line is not None else "unlogged" if line is None else "missing"
    phone_number = each.phone_number if recorded or each.kind != "international" else None
    return {
        "line": line,
        "phone_number": phone_number,
        "biz_id": each.biz_id if each.kind == "biz_id" else None,
        "out_id": each.out_id,
        "message_id": each.message_id,
        "template_code": each.template.code if recorded else None,
        "sign_name": each.template.sign_name if recorded else None,
        "state": state,
        "error_code": (delivered_code if each.outcome == "delivered" else each.error_code) if recorded else None,
        "sent_at": utc_text(each.sent_at) if recorded else None,
        "received_at": utc_text(each.received_at) if recorded and each.received_at is not None else None,
        "segments": each.segments if recorded else None,
    }


def _write(path: Path | str | None, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        writer = None
        if path is not None:
            file = stack.enter_context(Path(path).open("w", encoding="utf-8", newline=""))
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
        for count, row in enumerate(rows, 1):
            if writer is not None:
                writer.writerow(row)
            yield count
