"""The exit codes of the commands, for scripts."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    GOOD = 0
    FOUND = 1  # something is wrong with what was asked about; the command itself worked
    USAGE = 2  # as argparse has it
    REFUSED = 3
    UNAVAILABLE = 4
    UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it
    CLOSED = 141  # 128 + SIGPIPE


#: What the help of each command says about the codes that mean the same in all of them.
EXIT_CODES = (
    "2: an argument or the input is wrong. 3: the connection is wrong, or the service refuses. 4: the service or a "
    "store does\nnot answer, or not completely; try again later. 70: an unexpected error. 130: interrupted."
)
