"""``airflow dysms emulator``: runs the emulator of the service, whose own parser reads the arguments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def emulator(args: Namespace) -> None:
    """Run the emulator until it is stopped."""
    from airflow_provider_dysms.emulator.__main__ import main

    sys.exit(main(args.arguments, prog="airflow dysms emulator"))
