"""Writes the send log of a made-up day, and the truth about it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.emulator.catalogue import Catalogue
from airflow_provider_dysms.emulator.state import beijing, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from airflow_provider_dysms.emulator.day import Planned

COLUMNS = ("phone_number", "message_id", "biz_id", "out_id", "sent_at", "user_id", "campaign")
_CAMPAIGNS = ("login", "orders", "summer", "")


def write_log(planned: list[Planned], path: Path | str | None, random: Random) -> int:
    """Write the log, oldest line first, and return how many lines it has.

    :param random: decides how numbers are written
    """
    catalogue = Catalogue(random)
    if _is_questions(planned):
        numbers = _asked(planned)
        rows = [(catalogue.written(number, international=foreign),) for number, foreign in numbers]
        _write(path, ("phone_number",), rows)
        return len(rows)
    lines = _logged(planned)
    _write(path, COLUMNS, (_line(each, catalogue, random) for each in lines))
    return len(lines)


def write_truth(planned: list[Planned], path: Path | str | None, delivered_code: str) -> list[str]:
    """Write what an audit of the log must say, line by line, unlogged messages last; return the states."""
    if _is_questions(planned):
        first_line: dict[str, int] = {}
        for position, (number, _) in enumerate(_asked(planned), 1):
            first_line.setdefault(number, position)
        found = sorted(
            (each for each in planned if each.recorded), key=lambda each: (first_line[each.phone_number], each.sent_at)
        )
        rows = [_verdict(each, first_line[each.phone_number], delivered_code) for each in found]
    else:
        rows = [_verdict(each, position, delivered_code) for position, each in enumerate(_logged(planned), 1)]
        others = sorted(
            (each for each in planned if each.logged_at is None), key=lambda each: (each.phone_number, each.sent_at)
        )
        rows += [_verdict(each, None, delivered_code) for each in others]
    if path is not None:
        Path(path).write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return [str(row["state"]) for row in rows]


def _is_questions(planned: list[Planned]) -> bool:
    return bool(planned) and planned[0].kind == "question"


def _asked(planned: list[Planned]) -> list[tuple[str, bool]]:
    """Return the numbers in the order of the log; some are asked twice."""
    numbers = list(dict.fromkeys((each.phone_number, each.international) for each in planned))
    return numbers + numbers[::50]


def _logged(planned: list[Planned]) -> list[Planned]:
    lines = [(each.logged_at, position, each) for position, each in enumerate(planned) if each.logged_at is not None]
    return [each for _, _, each in sorted(lines, key=lambda line: line[:2])]


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


def _write(path: Path | str | None, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    if path is None:
        return
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
