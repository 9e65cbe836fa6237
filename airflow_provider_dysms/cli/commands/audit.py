"""``airflow dysms audit``: audits a day without a DAG, with the arguments of the transfer."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.output import print_document
from airflow_provider_dysms.cli.progress_bar import progress_at
from airflow_provider_dysms.cli.run_command import open_hook, runs_command, say
from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError
from airflow_provider_dysms.storage.manifest import manifest_key
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.transfers.export import export
from airflow_provider_dysms.transfers.export_options import ExportOptions
from airflow_provider_dysms.transfers.reporting.log_summary import next_step, summary_table

if TYPE_CHECKING:
    from argparse import Namespace

    from airflow_provider_dysms.storage.manifest import Manifest

log = logging.getLogger(__name__)


@runs_command
def audit(args: Namespace) -> ExitCode:
    """Write the audit of a day, and print its figures, or its manifest."""
    options = read_options(args)
    open_hook(args)
    try:
        manifest = export(options, log=log, progress=progress_at(terminal=sys.stderr.isatty()))
    except DysmsIncomplete as error:
        return say(f"The audit is refused, and nothing is written: {error}", ExitCode.FOUND)
    if args.output in ("json", "yaml"):
        print_document(manifest, args.output)
    else:
        _print_figures(manifest)
    return ExitCode.GOOD


def read_options(args: Namespace) -> ExportOptions:
    """Return the options of the export, checked by the transfer itself.

    :raises DysmsInputError: one of them is wrong
    """
    given = {name: value for name, value in vars(args).items() if name in ExportOptions.__struct_fields__}
    given["send_date"] = day_of(args.send_date, "send_date")
    if "columns" in given:
        given["columns"] = _columns(given["columns"])
    transfer = DysmsToObjectStorageOperator(task_id="audit", **given)
    transfer.check_arguments()
    return ExportOptions.from_attributes(transfer)


def _columns(assignments: list[str]) -> dict[str, str]:
    columns: dict[str, Any] = {}
    for assignment in assignments:
        ours, equals, yours = assignment.partition("=")
        if not (ours and equals and yours):
            raise DysmsInputError("columns", "must be OURS=YOURS, as in phone_number=mobile")
        if ours in columns:
            raise DysmsInputError("columns", f"names {ours} twice")
        columns[ours] = yours
    return columns


def _print_figures(manifest: Manifest) -> None:
    result, run = manifest["result"], manifest["run"]
    partition = result["data"].rpartition("/")[0]
    print(summary_table(manifest))
    print(f"Rows:     {run['data_uri']}")
    print(f"Manifest: {run['output_uri'].rstrip('/')}/{manifest_key(partition)}")
    print(f"{next_step(result)}.")
