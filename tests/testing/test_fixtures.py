"""The fixtures in the hands of a stranger: files written from the page alone are run by pytest in its own process."""

from __future__ import annotations

import ast
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import airflow_provider_dysms
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.testing import DysmsDay, fixtures

ROOT = Path(airflow_provider_dysms.__file__).parents[1]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
FILES = {name: source for source, name in re.findall(r"```python\n(# (\S+)\n.*?)```", PAGE, re.DOTALL)}

RunPytest = Callable[..., str]


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """Run pytest on files, in a folder that knows nothing of this repository; return what it says."""

    def run(files: dict[str, str], *arguments: str) -> str:
        for name, source in files.items():
            (tmp_path / name).write_text(source, "utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "AIRFLOW_HOME": str(tmp_path / "airflow")}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", *arguments]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.mark.slow
def test_the_files_of_the_page_pass(run_pytest: RunPytest) -> None:
    assert set(FILES) == {"test_audit.py", "test_faults.py", "test_time.py", "test_sdk.py"}
    assert "6 passed" in run_pytest(FILES)


@pytest.mark.slow
def test_they_pass_on_two_workers(run_pytest: RunPytest) -> None:
    assert "6 passed" in run_pytest(FILES, "-n", "2")


@pytest.mark.slow
def test_a_conftest_is_enough_and_knows_the_markers_in_strict_mode(run_pytest: RunPytest) -> None:
    line = 'pytest_plugins = ["airflow_provider_dysms.testing"]\n'
    files = {name: source.replace(line, "") for name, source in FILES.items()}
    assert "6 passed" in run_pytest({**files, "conftest.py": line}, "--strict-markers")


OPTIONS = """
import pytest
pytest_plugins = ["airflow_provider_dysms.testing"]
@pytest.fixture(scope="session")
def dysms_options():
    return ("--tls",)
def test_its_options_hold(dysms):
    assert dysms.url.startswith("https:")
"""


@pytest.mark.slow
def test_a_file_has_its_own_options_whatever_ran_before(run_pytest: RunPytest) -> None:
    assert "7 passed" in run_pytest({**FILES, "test_with_options.py": OPTIONS})


def cpu_seconds_of_children() -> float:
    """Return the CPU time of pytest and the emulator, which other load of the machine hardly changes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_a_day_and_an_assertion_need_neither_airflow_nor_many_lines(run_pytest: RunPytest) -> None:
    source = (
        "import sys\n"
        'pytest_plugins = ["airflow_provider_dysms.testing"]\n'
        "def test_a_day(dysms_day):\n"
        "    assert sum(dysms_day.by_state.values()) == len(dysms_day.truth) == 200\n"
        "    assert dysms_day.log.read_text().startswith('phone_number,')\n"
        "    assert 'airflow' not in sys.modules\n"
    )
    before = cpu_seconds_of_children()
    said = run_pytest({"test_day.py": source}, "-p", "no:anyio", "-p", "no:xdist")
    assert "1 passed" in said
    assert cpu_seconds_of_children() - before < 2, "it takes more than two seconds on a machine that does nothing else"


@pytest.mark.dysms_options("--seed", "7")
@pytest.mark.slow
def test_the_marker_adds_options_and_starts_an_emulator_once_for_each_set_of_them(
    dysms: Emulator, dysms_process: Emulator, dysms_options: Sequence[str], dysms_processes: Callable[..., Emulator]
) -> None:
    assert dysms is dysms_processes(*dysms_options, "--seed", "7")
    assert dysms is not dysms_process


def test_tests_do_not_see_each_others_messages_faults_and_switches(dysms: Emulator) -> None:
    dysms.add_message(phone_number="139" + "00000001")
    dysms.fault("throttle")
    dysms.configure(total_count="string")
    dysms.reset()
    assert (dysms.messages(), dysms.faults(), dysms.switches()["total_count"]) == ([], [], "number")


@pytest.mark.dysms_day(messages=50, days_ago=3, failed=1.0, waiting=0.0, missing=0.0, unlogged=0.0)
def test_the_marker_changes_the_day(dysms_day: DysmsDay) -> None:
    assert dysms_day.by_state == {"failed": 50}
    assert len(dysms_day.log.read_text("utf-8").splitlines()) == 51
    assert {message["state"] for message in dysms_day.emulator.messages()} == {"failed"}


@pytest.mark.dysms_connection(quota_share=0.25)
def test_the_marker_changes_the_connections(dysms_connection: str) -> None:
    from airflow.sdk import BaseHook

    assert dysms_connection == "dysms_default"
    for conn_id in ("dysms_default", "dysms_international"):
        extra = BaseHook.get_connection(conn_id).extra_dejson
        assert (extra["quota_share"], extra["privacy_secret"]) == (0.25, fixtures.CONNECTION_EXTRAS["privacy_secret"])


@pytest.mark.parametrize("module", ["testing", "emulator"])
def test_no_call_is_of_one_system_alone(module: str) -> None:
    """Functions and signals that only some systems have are not used."""
    posix = {"fork", "forkpty", "getuid", "killpg", "setsid", "mkfifo", "SIGKILL", "SIGUSR1", "AF_UNIX", "add_reader"}
    used = {
        node.attr
        for path in (ROOT / "airflow_provider_dysms" / module).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert used & posix == set()
