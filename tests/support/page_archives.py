"""Archives for the pages: days that are counted as an audit counts them, a damaged day, and hashed numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.verdict import Verdict, output_columns, to_row
from airflow_provider_dysms.model.dates import beijing_day, day_start
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.storage.partition import Partition

TODAY = beijing_day(datetime.now(UTC))
YESTERDAY = TODAY - timedelta(days=1)

#: The number that is looked up, one that failed, and one that no message went to.
NUMBER, FAILED_NUMBER, UNKNOWN_NUMBER = "139" + "12345678", "137" + "00009999", "188" + "88888888"
FOREIGN_NUMBER = "852" + "61234567"

#: The number of days, the age of the one that was not audited, and of the one whose only message is the number's.
DAYS, NOT_AUDITED, MESSAGES = 12, 3, 180

#: A secret, and the connection that has it.
SECRET = "the privacy secret of the archive"

_FAILURES = (
    ("unreachable", "recipient", "MI:0024"),
    ("invalid_number", "recipient", "MK:0001"),
    ("network", "carrier", "MC:0055"),
)


def write_page_archives(folder: Path) -> dict[str, object]:
    """Write the archives below a folder; return the option ``[dysms] archives``."""
    days = [TODAY - timedelta(days=age) for age in range(DAYS, 0, -1) if age != NOT_AUDITED]
    plain, hashed, broken = (f"file://{folder}/{name}" for name in ("production", "hashed", "broken"))
    for day in days:
        write_audited_day(plain, day, verdicts_of(day), carry=("team",))
    for day in days[-2:]:
        write_audited_day(hashed, day, verdicts_of(day), key=PrivacyKey(SECRET))
        write_audited_day(broken, day, verdicts_of(day))
    (folder / "broken" / f"send_date={YESTERDAY}" / "part-0.jsonl").write_text("not what was written\n")
    return {"production": plain, "hashed": {"output_uri": hashed, "dysms_conn_id": "archive_secret"}, "broken": broken}


def write_audited_day(
    uri: str, day: date, verdicts: Sequence[Verdict], *, key: PrivacyKey | None = None, carry: Sequence[str] = ()
) -> None:
    """Write a day, with a manifest that counts its messages, as of nine hours after its end."""
    tally = Tally(lines=len(verdicts), asked=len(verdicts))
    tally.add(verdicts)
    as_of = day_start(day) + timedelta(hours=33, minutes=day.toordinal() % 20)
    partition = Partition.resolve(uri, partition=f"send_date={day}", file_format="jsonl")
    result = {
        **tally.as_dict(),
        "send_date": day.isoformat(),
        "as_of": f"{as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "settled": False,
        "provisional": False,
        "parameters": {"hashed_by": key and key.fingerprint, "csv_safe": False},
    }
    with partition.open_spool(output_columns(carry, hashed=key is not None)) as spool:
        spool.write(
            to_row(each, phone_hash=key.phone_hash if key else None)[: None if carry else -1] for each in verdicts
        )
        partition.commit(spool, result, {})


def verdicts_of(day: date) -> list[Verdict]:
    """Return the messages of a day, the same on each call; the first three are to known numbers."""
    choose = random.Random(day.toordinal())
    known = [_verdict(choose, day, 0, NUMBER, "delivered"), _verdict(choose, day, 1, FAILED_NUMBER, "failed")]
    known.append(_verdict(choose, day, 2, FOREIGN_NUMBER, "delivered", country="HK"))
    states = ["delivered"] * 90 + ["failed"] * 6 + ["waiting"] * 2 + ["missing", "expired"]
    others = [
        _verdict(choose, day, place, f"136{choose.randrange(10**8):08}", choose.choice(states))
        for place in range(3, MESSAGES)
    ]
    return [*known, *others]


def _verdict(choose: random.Random, day: date, place: int, number: str, state: str, country: str = "CN") -> Verdict:
    sent_at = day_start(day) + timedelta(hours=8, seconds=choose.randrange(14 * 3600))
    seconds = choose.choice([2, 3, 3, 4, 6, 11, 48])
    category, fault, code = choose.choice(_FAILURES) if state == "failed" else (None, None, None)
    is_known = state != "missing"
    return Verdict(
        phone_number=number,
        country=country,
        biz_id=f"{choose.randrange(10**14):014}^{place}" if is_known else None,
        out_id=f"order-{place}",
        template_code=choose.choice(["SMS_100000001", "SMS_100000001", "SMS_100000002"]) if is_known else None,
        sign_name="阿里云" if is_known else None,
        state=state,
        category="delivered" if state == "delivered" else category,
        fault=fault,
        error_code={"delivered": "DELIVRD", "failed": code}.get(state),
        sent_at=sent_at,
        received_at=sent_at + timedelta(seconds=seconds) if state == "delivered" else None,
        delivery_seconds=seconds if state == "delivered" else None,
        segments=choose.choice([1, 1, 2]),
        is_final=state in ("delivered", "failed", "expired"),
        carried=("red" if place % 2 else "blue",),
    )


def archives_option(folder: Path) -> str:
    """Write the archives, and return the option as text."""
    return json.dumps(write_page_archives(folder))
