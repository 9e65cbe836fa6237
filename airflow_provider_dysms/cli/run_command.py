"""Runs a command: one plain sentence for every error, an exit code for scripts, and log lines on the standard error."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.exceptions import DysmsTaskError, DysmsUnexpectedError, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import MAX_MESSAGE, DysmsError, DysmsInputError, DysmsNotFound, DysmsRefused
from airflow_provider_dysms.model.safe_text import one_line

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    Command = Callable[[Namespace], ExitCode]

#: Argument -> what a user types, if that is not its name.
_TYPED = {"dysms_conn_id": "--conn-id", "message_ids": "MESSAGE_ID"}

#: Logger of this package: what it says goes to the standard error in plain lines.
log = logging.getLogger("airflow_provider_dysms")


class ConnectionUnusable(DysmsRefused):
    """The connection is not defined, or a field of it is wrong."""


def runs_command(command: Command) -> Callable[[Namespace], None]:
    """Wrap a command so that it ends as scripts expect it.

    :param command: takes the parsed arguments and returns an exit code; its errors become one sentence on the standard
        error, and the code that fits
    """

    @without_frames
    def run_to_its_end(args: Namespace) -> ExitCode:
        try:
            code = command(args)
            sys.stdout.flush()
        except BrokenPipeError:  # as in: airflow dysms lookup | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.CLOSED
        return code

    @wraps(command)
    def run(args: Namespace) -> None:
        with _server_process(), _log_lines(verbose=args.verbose):
            try:
                code = run_to_its_end(args)
            except KeyboardInterrupt:
                code = say("Interrupted.", ExitCode.INTERRUPTED)
            except AirflowSkipException as error:
                code = say(str(error), ExitCode.GOOD)
            except (DysmsError, AirflowException) as error:
                code = say(_sentence(error, args), _code(error))
        if code:
            sys.exit(code)

    return run


def say(sentence: str, code: ExitCode) -> ExitCode:
    """Write a sentence to the standard error, and return the exit code."""
    print(one_line(f"{sentence[:1].upper()}{sentence[1:]}", MAX_MESSAGE), file=sys.stderr)
    return code


def open_hook(args: Namespace) -> DysmsHook:
    """Return the hook of ``--conn-id``, after its connection has been read.

    :raises ConnectionUnusable: the connection is not defined or wrong
    """
    hook = DysmsHook(args.dysms_conn_id)
    try:
        hook.read()
    except DysmsInputError as error:
        conn_id = repr(args.dysms_conn_id)
        problem = error.problem.removeprefix(f"(connection {conn_id}) ")
        raise ConnectionUnusable(f"the connection {conn_id} cannot be used: {error.argument} {problem}") from None
    except AirflowException as error:
        raise ConnectionUnusable(str(error).removeprefix("dysms_conn_id: ")) from None
    return hook


@contextmanager
def _server_process() -> Iterator[None]:
    """Let Airflow find connections in its database, as its own commands do; tasks may not ask it."""
    name = "_AIRFLOW_PROCESS_CONTEXT"
    before = os.environ.get(name)
    os.environ[name] = "server"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


class _StandardError(logging.Handler):
    """Writes each log line as ``warning: ...``; looks the stream up each time, because a progress bar replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"{record.levelname.lower()}: {record.getMessage()}", file=sys.stderr)


@contextmanager
def _log_lines(*, verbose: bool) -> Iterator[None]:
    """Keep the standard output for results: log lines go to the standard error, without ``--verbose`` only warnings."""
    level = logging.INFO if verbose else logging.WARNING
    ours, root = _StandardError(level), logging.getLogger()
    others = [handler for handler in root.handlers if isinstance(handler, logging.StreamHandler)]
    before = log.level, log.propagate, [(handler, handler.level, handler.stream) for handler in others]
    log.addHandler(ours)
    log.setLevel(level)
    log.propagate = False
    for handler in others:
        handler.setLevel(max(level, handler.level))
        if handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
    try:
        with warnings.catch_warnings():
            if not verbose:
                warnings.simplefilter("ignore")
            yield
    finally:
        log.removeHandler(ours)
        log.level, log.propagate, changed = before
        for handler, handler_level, stream in changed:
            handler.setLevel(handler_level)
            handler.setStream(stream)


def _sentence(error: Exception, args: Namespace) -> str:
    """Return the text of an error, with the option in the place of the argument's name."""
    if not isinstance(error, DysmsInputError) or not hasattr(args, error.argument):
        return str(error)
    return str(DysmsInputError(_TYPED.get(error.argument, f"--{error.argument.replace('_', '-')}"), error.problem))


def _code(error: Exception) -> ExitCode:
    """Return the exit code of an error."""
    if isinstance(error, DysmsInputError):
        return ExitCode.USAGE
    if isinstance(error, DysmsNotFound):
        return ExitCode.FOUND
    if isinstance(error, DysmsUnexpectedError):
        return ExitCode.UNEXPECTED
    if isinstance(error, (DysmsError, DysmsTaskError)) and not isinstance(error, DysmsRefused):
        return ExitCode.UNAVAILABLE
    return ExitCode.REFUSED
