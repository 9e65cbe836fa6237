"""How commands end: one sentence and a code for every error, and a standard output that has results alone."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from support.command_line import NUMBER

from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.cli.run_command import ConnectionUnusable, runs_command
from airflow_provider_dysms.model import errors


def run(command: Callable[[Namespace], ExitCode], *, verbose: bool = False, **arguments: object) -> int:
    try:
        runs_command(command)(Namespace(verbose=verbose, **arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def raises(error: BaseException) -> Callable[[Namespace], ExitCode]:
    def command(args: Namespace) -> ExitCode:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (errors.DysmsInputError("send_date", "is wrong"), 2, "--send-date is wrong."),
        (errors.DysmsInputError("the input", "is wrong"), 2, "The input is wrong."),
        (errors.DysmsWindowError("send_date", "is long past"), 2, "--send-date is long past."),
        (errors.DysmsRefused("refused"), 3, "Refused."),
        (errors.DysmsAuthError("the key"), 3, "The key. Check login"),
        (ConnectionUnusable("the connection"), 3, "The connection."),
        (errors.DysmsTransportError("no response"), 4, "No response."),
        (errors.DysmsThrottled("too fast"), 4, "Too fast."),
        (errors.DysmsStorageError("the store"), 4, "The store."),
        (errors.DysmsIncomplete("not complete"), 4, "Not complete."),
        (errors.DysmsNotFound("not known"), 1, "Not known."),
        (AirflowException("of Airflow"), 3, "Of Airflow"),
        (AirflowSkipException("skipped"), 0, "Skipped"),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_an_error_is_one_sentence_and_a_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raises(error), send_date="x") == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == 1


@pytest.mark.parametrize("verbose", [False, True])
def test_an_unexpected_error_says_where_and_not_what(verbose: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raises(KeyError(NUMBER)), verbose=verbose) == 70
    err = capsys.readouterr().err
    assert err.startswith("An unexpected KeyError in airflow_provider_dysms.cli.run_command:")
    assert NUMBER not in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_closed_pipe_ends_quietly() -> None:
    """As in ``airflow dysms lookup | head``."""
    program = (
        "from argparse import Namespace\n"
        "from airflow_provider_dysms.cli.run_command import runs_command\n"
        "runs_command(lambda args: print('row\\n' * 100_000))(Namespace(verbose=False))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == ExitCode.CLOSED


def test_log_lines_go_to_the_standard_error_and_everything_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("airflow_provider_dysms")
    handler = logging.StreamHandler(sys.stdout)
    root.addHandler(handler)

    def command(args: Namespace) -> ExitCode:
        logging.getLogger("airflow_provider_dysms.somewhere").info("told only if verbose")
        logging.getLogger("airflow_provider_dysms.somewhere").warning("be careful")
        logging.getLogger("another").warning("from elsewhere")
        warnings.warn("a Python warning", stacklevel=1)
        print("result")
        return ExitCode.GOOD

    before = ours.level, ours.propagate, list(ours.handlers), os.environ.get("_AIRFLOW_PROCESS_CONTEXT")
    try:
        assert run(command) == 0
        out, err = capsys.readouterr()
        assert out == "result\n"
        assert "warning: be careful\n" in err
        assert "from elsewhere" in err
        assert "told only if verbose" not in err
        assert "a Python warning" not in err
        with pytest.warns(UserWarning, match="a Python warning"):
            run(command, verbose=True)
        assert "info: told only if verbose\n" in capsys.readouterr().err
        assert handler.stream is sys.stdout
        assert before == (
            *(ours.level, ours.propagate, list(ours.handlers)),
            os.environ.get("_AIRFLOW_PROCESS_CONTEXT"),
        )
    finally:
        root.removeHandler(handler)
