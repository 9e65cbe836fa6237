"""Writes the send log of a made-up day, and the truth about it."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.emulator.generator.catalogue import Catalogue
from airflow_provider_dysms.emulator.state import beijing, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from random import Random

    from airflow_provider_dysms.emulator.generator.day import Planned

COLUMNS = ("phone_number", "message_id", "biz_id", "out_id", "sent_at", "user_id", "campaign")
_CAMPAIGNS = ("login", "orders", "summer", "")


def write_log(planned: list[Planned], path: Path | str | None, random: Random) -> Iterator[int]:
    """Write the log, oldest line first; count its lines.

    :param random: decides how numbers are written
    """
    catalogue = Catalogue(random)
    if _is_questions(planned):
        asked = _asked(planned)
        rows: Iterable[tuple[str, ...]] = (
            (catalogue.written(number, international=foreign),) for number, foreign in asked
        )
        return _write(path, ("phone_number",), rows)
    return _write(path, COLUMNS, (_line(each, catalogue, random) for each in _logged(planned)))


def write_truth(planned: list[Planned], path: Path | str | None, delivered: Mapping[bool, str]) -> Iterator[str]:
    """Write what an audit of the log must say, line by line, unlogged messages last; tell each state.

    :param delivered: whether a line is of a message of the international site -> code of a delivery
    """
    with contextlib.ExitStack() as stack:
        file = None if path is None else stack.enter_context(Path(path).open("wb"))
        for each, line in _told(planned):
            row = _verdict(each, line, delivered[each.kind == "international"])
            if file is not None:
                file.write(msgspec.json.encode(row) + b"\n")
            yield str(row["state"])


def _told(planned: list[Planned]) -> Iterator[tuple[Planned, int | None]]:
    """Return the messages in the order of the truth, each with its line."""
    if _is_questions(planned):
        first_line: dict[str, int] = {}
        for position, (number, _) in enumerate(_asked(planned), 1):
            first_line.setdefault(number, position)
        found = [each for each in planned if each.recorded]
        found.sort(key=lambda each: (first_line[each.phone_number], each.sent_at))
        yield from ((each, first_line[each.phone_number]) for each in found)
        return
    yield from ((each, position) for position, each in enumerate(_logged(planned), 1))
    others = [each for each in planned if each.logged_at is None]
    others.sort(key=lambda each: (each.phone_number, each.sent_at))
    yield from ((each, None) for each in others)


def _is_questions(planned: list[Planned]) -> bool:
    return bool(planned) and planned[0].kind == "question"


def _asked(planned: list[Planned]) -> list[tuple[str, bool]]:
    """Return the numbers in the order of the log; some are asked twice."""
    numbers = list(dict.fromkeys((each.phone_number, each.international) for each in planned))
    return numbers + numbers[::50]


def _logged(planned: list[Planned]) -> list[Planned]:
    """Return the messages that the log tells of, oldest first; those of one second as they were planned."""
    return sorted((each for each in planned if each.logged_at is not None), key=lambda each: each.logged_at or 0)


def _line(each: Planned, catalogue: Catalogue, random: Random) -> tuple[str, ...]:
    by_id = each.kind == "international"
    return (
        "" if by_id else catalogue.written(each.phone_number, international=each.international),
        each.message_id or "",
        (each.biz_id or "") if each.kind == "biz_id" else "",
        (each.out_id or "") if each.kind == "out_id" else "",
        f"{beijing(each.logged_at or 0).replace(' ', 'T')}+08:00" if each.time_in_log else "",
        f"u{random.randrange(10**6):06d}",
        random.choice(_CAMPAIGNS),
    )


def _verdict(each: Planned, line: int | None, delivered_code: str) -> dict[str, object]:
    known = each.recorded
    state = each.outcome if known and line is not None else "unlogged" if line is None else "missing"
    phone_number = each.phone_number if known or each.kind != "international" else None
    return {
        "line": line,
        "phone_number": phone_number,
        "biz_id": each.biz_id if each.kind == "biz_id" else None,
        "out_id": each.out_id,
        "message_id": each.message_id,
        "template_code": each.template.code if known else None,
        "sign_name": each.template.sign_name if known else None,
        "state": state,
        "error_code": (delivered_code if each.outcome == "delivered" else each.error_code) if known else None,
        "sent_at": utc(each.sent_at) if known else None,
        "received_at": utc(each.received_at) if known and each.received_at is not None else None,
        "segments": each.segments if known else None,
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
