"""``airflow dysms details``: finds messages in the archive, a page at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.html_file import write_html
from airflow_provider_dysms.cli.input_numbers import read_number
from airflow_provider_dysms.cli.output import print_document, print_rows
from airflow_provider_dysms.cli.run_command import runs_command, say
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.operators.search_archive import privacy_key_of
from airflow_provider_dysms.reports.sending_details.details_page import render_details
from airflow_provider_dysms.reports.sending_details.translated_sentences import translate
from airflow_provider_dysms.storage.verify import PartitionDiffers

if TYPE_CHECKING:
    from argparse import Namespace

    from airflow_provider_dysms.archive.sending_details.page import Page

#: The filters that are arguments of the same name.
_FILTERS = (
    *("partition", "template_code", "result", "state", "sign_name", "country", "error_code"),
    *("sent_from", "sent_to", "last", "limits", "page_size", "cursor"),
)

#: The columns of a table.
_COLUMNS = (
    *("sent_at", "result", "status_code", "phone_number", "country", "template_code", "sign_name", "state"),
    *("received_at", "out_id"),
)


@runs_command
def details(args: Namespace) -> ExitCode:
    """Print a page of messages; return 0 if the archive could be searched."""
    filters: dict[str, Any] = {name: getattr(args, name) for name in _FILTERS if hasattr(args, name)}
    query = FindQuery(
        output_uri=args.output_uri,
        phone_number=read_number() if args.by_number else None,
        carried=_carried(getattr(args, "carried", ())),
        count="exact" if args.exact_total else "quick",
        **filters,
    )
    try:
        page = find(query, privacy_key=privacy_key_of(DysmsHook(args.dysms_conn_id)) if args.by_number else None)
    except PartitionDiffers as error:
        return say(str(error), ExitCode.FOUND)
    if args.html:
        write_html(args.html, render_details(query, page, language=args.language, show_numbers=args.show_numbers))
    if args.output in ("json", "yaml"):
        print_document(page.as_dict(show_numbers=args.show_numbers), args.output)
    else:
        _print_table(page, args)
    return ExitCode.GOOD


def _print_table(page: Page, args: Namespace) -> None:
    rows = [_row(record.as_dict(show_number=args.show_numbers), args) for record in page.records]
    print_rows(rows, args.output, none="No message passes the filters.")
    if rows:
        print(f"{page.first:,} to {page.first + len(rows) - 1:,} of {page.total}")
    for note in page.notes:
        print(translate(note, args.language), file=sys.stderr)
    if page.next_cursor is not None:
        print(f"For the next page, add: --cursor {page.next_cursor}", file=sys.stderr)


def _row(record: dict[str, Any], args: Namespace) -> dict[str, Any]:
    shown: dict[str, Any] = {name: record[name] for name in _COLUMNS}
    if shown["phone_number"] is None and record["phone_hash"]:
        shown["phone_number"] = record["phone_hash"]
    if args.show_numbers:
        shown["content"] = record["content"]
    return {**shown, **record["carried"]}


def _carried(pairs: list[str] | tuple[()]) -> dict[str, str]:
    carried = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise DysmsInputError("carried", "must be COLUMN=TEXT")
        carried[name] = text
    return carried
