"""The commands as Airflow loads them: cheap on every ``airflow`` command, documented, and of one kind."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from airflow.cli.cli_config import ActionCommand
from airflow.cli.cli_parser import get_parser

import airflow_provider_dysms
from airflow_provider_dysms.cli import definition
from airflow_provider_dysms.cli.exit_codes import EXIT_CODES, ExitCode
from airflow_provider_dysms.get_provider_info import get_provider_info

(GROUP,) = definition.get_dysms_commands()
COMMANDS: list[ActionCommand] = list(GROUP.subcommands)

PROGRAM = """
import sys
import airflow.cli.cli_config
before = set(sys.modules)
from airflow_provider_dysms.cli.definition import get_dysms_commands
get_dysms_commands()
print(*set(sys.modules) - before)
"""


def test_airflow_finds_the_commands() -> None:
    assert get_provider_info()["cli"] == [f"{definition.__name__}.{definition.get_dysms_commands.__name__}"]
    assert get_parser().parse_args(["dysms", "days", "--output-uri", "out"]).subcommand == "days"


@pytest.mark.slow
def test_every_airflow_command_loads_the_definition_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    names = done.stdout.splitlines()[-1].split()
    loaded = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name.removeprefix("airflow_provider_dysms.") for name in loaded} - {"airflow_provider_dysms"} == {
        *(
            "cli",
            "cli.audit_arguments",
            "cli.command_parser",
            "cli.definition",
            "cli.details_arguments",
            "cli.exit_codes",
        ),
        *("model", "model.choices"),
    }


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_is_a_function_of_the_module_of_its_name(command: ActionCommand) -> None:
    module = importlib.import_module(f"airflow_provider_dysms.cli.commands.{command.name}")
    assert callable(getattr(module, command.name))
    assert command.func.__name__ == command.name


@pytest.mark.parametrize("name", ["lookup", "audit", "verify", "days", "details"])
def test_the_help_of_each_command_names_its_exit_codes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        get_parser().parse_args(["dysms", name, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"Exit code {ExitCode.GOOD}: " in shown
    assert f" {ExitCode.FOUND}: " in shown
    assert " ".join(EXIT_CODES.split()) in shown
    assert all(f"{code}: " in shown for code in ExitCode if code is not ExitCode.CLOSED)


def test_no_command_stores_its_arguments_in_airflows_log_table() -> None:
    """``action_cli`` does, in clear."""
    for command in COMMANDS:
        module = importlib.import_module(f"airflow_provider_dysms.cli.commands.{command.name}")
        wrapped = getattr(module, command.name)
        while wrapped is not None:
            assert wrapped.__module__ != "airflow.utils.cli"
            assert wrapped.__code__.co_filename != importlib.import_module("airflow.utils.cli").__file__
            wrapped = getattr(wrapped, "__wrapped__", None)


def test_the_group_shows_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        get_parser().parse_args(["dysms", "--help"])
    assert f"airflow-provider-dysms {airflow_provider_dysms.__version__}" in capsys.readouterr().out
