"""``airflow dysms erase``: erases people from every partition of an archive."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.input_numbers import read_numbers
from airflow_provider_dysms.cli.output import print_facts
from airflow_provider_dysms.cli.run_command import open_hook, runs_command
from airflow_provider_dysms.retention.erase import erase_people

if TYPE_CHECKING:
    from argparse import Namespace

log = logging.getLogger(__name__)


@runs_command
def erase(args: Namespace) -> ExitCode:
    """Print what the record says; return 0 if the people are in no partition any more."""
    privacy_key = open_hook(args).privacy_key
    erased = erase_people(args.output_uri, read_numbers(), mode=args.mode, privacy_key=privacy_key, log=log)
    print_facts(erased, args.output)
    return ExitCode.GOOD
