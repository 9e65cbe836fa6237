"""``airflow dysms lookup``: asks the service what became of the messages to some numbers, or of some message ids."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.cli.command_parser import refuse_numbers
from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.input_numbers import read_numbers
from airflow_provider_dysms.cli.output import print_rows
from airflow_provider_dysms.cli.run_command import open_hook, runs_command, say
from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.model.dates import check_window
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import vendor_id
from airflow_provider_dysms.model.phone_numbers.redaction import mask_number, redact_number
from airflow_provider_dysms.operators.run_queries import query_messages, query_send_details

if TYPE_CHECKING:
    from argparse import Namespace

log = logging.getLogger(__name__)


@runs_command
def lookup(args: Namespace) -> ExitCode:
    """Print one row per message; return 0 if every message has been delivered."""
    if refused := refuse_numbers(args.message_ids):
        return say(f"{refused}.", ExitCode.USAGE)
    rows = _messages(args) if args.message_ids else _messages_to_numbers(args)
    print_rows(rows, args.output, none="The service has no such message.")
    delivered = all(row["state"] == State.DELIVERED for row in rows)
    return ExitCode.GOOD if delivered else ExitCode.FOUND


def _messages(args: Namespace) -> list[dict[str, Any]]:
    for name in ("send_date", "biz_id"):
        if getattr(args, name) is not None:
            raise DysmsInputError(name, "is about messages to numbers; a message id needs no day and no BizId")
    return query_messages(message_ids=args.message_ids, hook=open_hook(args), for_xcom=False)


def _messages_to_numbers(args: Namespace) -> list[dict[str, Any]]:
    """Ask about each number; a number without a message has one row, too."""
    day = day_of(args.send_date, "send_date")
    check_window(day, datetime.now(UTC))
    if args.biz_id is not None:
        if refused := refuse_numbers([args.biz_id]):
            raise DysmsInputError("biz_id", f"is refused: {refused}")
        vendor_id("biz_id", args.biz_id)
    hook = open_hook(args)
    numbers = read_numbers()
    details = query_send_details(
        phone_numbers=numbers, send_date=day, biz_id=args.biz_id, hook=hook, log=log, for_xcom=False
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for detail in details:
        found.setdefault(detail.pop("number"), []).append(detail)
    nothing = dict.fromkeys(_COLUMNS) | {"state": State.MISSING.value, "is_final": False}
    return [
        {"position": position, **_shown(number, {name: row[name] for name in _COLUMNS}, show=args.show_numbers)}
        for position, number in enumerate(numbers, 1)
        for row in found.get(position - 1) or [nothing]
    ]


#: The columns of a row, with the names of the audit's output.
_COLUMNS = (
    *("state", "category", "fault", "error_code", "sent_at", "received_at", "is_final", "template_code", "out_id"),
)

#: Those that may hold the number. The digits of a time may be those of a number, too.
_TEXTS = ("error_code", "template_code", "out_id")


def _shown(number: str, row: dict[str, Any], *, show: bool) -> dict[str, Any]:
    """Return a row with its number; if numbers are masked, also in the texts of carriers and senders."""
    if show:
        return {"phone_number": number, **row}
    hidden = {name: redact_number(value, number) for name in _TEXTS if (value := row[name]) is not None}
    return {"phone_number": mask_number(number), **row, **hidden}
