"""``airflow dysms verify``: compares the file of a day with its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.arguments.text_with_day import PARTITION
from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.output import print_facts
from airflow_provider_dysms.cli.run_command import runs_command, say
from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.verify import PartitionDiffers
from airflow_provider_dysms.storage.verify import verify as verify_partition

if TYPE_CHECKING:
    from argparse import Namespace


@runs_command
def verify(args: Namespace) -> ExitCode:
    """Print what was found; return 0 if the file is what its manifest says."""
    template = getattr(args, "partition", PARTITION)
    partition = render_day(template, day_of(args.send_date, "send_date"), "partition")
    try:
        found = verify_partition(args.output_uri, partition).as_dict()
    except PartitionDiffers as error:
        print_facts({"partition": partition, "matches": False, "differences": list(error.differences)}, args.output)
        return say(str(error), ExitCode.FOUND)
    print_facts({"partition": partition, "matches": True, "differences": [], **found}, args.output)
    return ExitCode.GOOD
