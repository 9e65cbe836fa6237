"""``airflow dysms days``: lists which days are settled, provisional or missing, and which are about to be forgotten."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.arguments.text_with_day import PARTITION
from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.output import print_rows
from airflow_provider_dysms.cli.run_command import runs_command, say
from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.dates import DAY, WINDOW_DAYS, beijing_day, remembered_days
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import date

    from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay

log = logging.getLogger(__name__)

#: A day that the service forgets within this many days is about to leave.
LEAVES_WITHIN = 1


@runs_command
def days(args: Namespace) -> ExitCode:
    """Print one row per day, the oldest first; return 0 if no day needs attention."""
    now = datetime.now(UTC)
    if not 1 <= args.lookback_days <= WINDOW_DAYS + 1:
        raise DysmsInputError("lookback_days", f"must be a number of days from 1 to {WINDOW_DAYS + 1}")
    through = day_of(args.through, "through")
    window = remembered_days(through, args.lookback_days, now)
    if through > beijing_day(now) or not window:
        first, today = dates.window(now)
        raise DysmsInputError("through", f"must be a day from {first} to {today}, in Beijing")
    found = list_audited_days(args.output_uri, window, partition=getattr(args, "partition", PARTITION), now=now)
    shown = [each for each in found if not (args.unsettled and each.is_settled)]
    print_rows([_row(each) for each in shown], args.output, none="Every day is settled.")
    urgent = [each for each in found if needs_attention(each, beijing_day(now))]
    if not urgent:
        return ExitCode.GOOD
    return say(f"These days need an audit: {', '.join(each.day.isoformat() for each in urgent)}.", ExitCode.FOUND)


def needs_attention(found: AuditedDay, today: date) -> bool:
    """Return whether a day has to be audited now, because it was left out or is about to leave.

    Receipts take up to three days, so a day that is audited and not settled is normal; and so is yesterday, whose
    audit may not have run yet.

    :param today: the day in Beijing
    """
    if found.is_settled:
        return False
    is_recent = found.day >= today - DAY
    is_left_out = found.state in ("missing", "provisional") or found.problem is not None
    return (is_left_out and not is_recent) or found.days_left <= LEAVES_WITHIN


def _row(found: AuditedDay) -> dict[str, object]:
    names = ("day", "state", "days_left", "rows", "open", "missing", "unlogged", "as_of", "problem")
    facts = found.as_dict()
    return {name: facts[name] for name in names}
