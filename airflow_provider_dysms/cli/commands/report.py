"""``airflow dysms report``: prints the delivery report of the last days, or writes it as a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.figures.read_figures import days_through, read_figures
from airflow_provider_dysms.arguments.text_with_day import PARTITION
from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.html_file import write_html
from airflow_provider_dysms.cli.output import print_document, print_rows
from airflow_provider_dysms.cli.run_command import runs_command, say
from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.reports.delivery_report import render
from airflow_provider_dysms.reports.report import build_report
from airflow_provider_dysms.reports.span import check_days
from airflow_provider_dysms.reports.table import day_rows, facts
from airflow_provider_dysms.reports.wording import Wording
from airflow_provider_dysms.suppression.stopped_numbers import read_stopped

if TYPE_CHECKING:
    from argparse import Namespace

    from airflow_provider_dysms.reports.report import DeliveryReport

#: Columns of the table in a terminal.
_COLUMNS = (*("send_date", "state", "as_of", "sent", "delivered_share", "failed", "waiting", "missing", "p95_seconds"),)


@runs_command
def report(args: Namespace) -> ExitCode:
    """Print one row per day and what is wrong; return 0 if the last day was audited."""
    last = day_of(args.send_date, "send_date")
    check_days("days", args.days)
    span = days_through(last, args.days)
    partition = getattr(args, "partition", PARTITION)
    figures = read_figures(args.output_uri, span, partition=partition, now=datetime.now(UTC))
    built = build_report(figures, last, days=args.days)
    stopped = read_stopped(args.suppression_uri) if args.suppression_uri else None
    if args.html:
        write_html(args.html, render(built, language=args.language, stopped=stopped))
    _print(built, Wording(args.language), args.output)
    if built.headline is None:
        problem = built.last.problem or "has not been audited"
        return say(f"{last} {problem}.", ExitCode.FOUND)
    return ExitCode.GOOD


def _print(built: DeliveryReport, wording: Wording, output: str) -> None:
    rows = day_rows(built)
    found = facts(built, wording)
    if output in ("json", "yaml"):
        print_document({**found, "days": rows}, output)
        return
    print_rows([_row(row) for row in rows], output)
    if built.receipts_alone_days:
        print(wording.text("receipts_alone", days=wording.spans(built.receipts_alone_days)))
    for each in built.findings:
        print(f"{wording.span(each.first, each.last)}: {wording.finding(each)}")
    if not built.findings:
        print(wording.text("nothing_wrong" if built.compared else "nothing_compared"))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in _COLUMNS}
    share = shown["delivered_share"]
    return {**shown, "delivered_share": None if share is None else f"{share:.1%}"}
