"""Every command and every example of the README and of the pages for users runs, and prints what they say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: Pages whose examples are whole DAG files. Other pages have tests of their own.
#: Pages with a text of their own; the others include a file of the repository.
OWN_PAGES = [
    page.name for page in sorted((ROOT / "docs").glob("*.md")) if not page.read_text("utf-8").startswith("```{include}")
]
PAGES = [(ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("first-audit", "waiting", "queries", "big-days")]


def blocks(language: str, *pages: str) -> list[str]:
    found = (re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL) for page in pages)
    return list(dict.fromkeys(block for page in found for block in page))


COMMANDS = [line for block in blocks("shell", README, CONTRIBUTING) for line in block.splitlines()]
EXAMPLES = blocks("python", README, *PAGES)
TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=1)
NUMBER = "139" + "00001111"


def command(beginning: str) -> list[str]:
    """Return the README's command that begins so, as the shell would take it apart."""
    found = next(line for line in COMMANDS if line.startswith(beginning))
    return shlex.split(found)


def test_every_command_is_one_that_a_test_runs_or_too_long_for_one() -> None:
    run_by_tests = (
        "make demo",
        "pip install '.[parquet,s3,oss,credentials,archive]'",
        "pip install --constraint constraints.txt",
        "pip install --constraint https://",
        "airflow connections",
        "make test",
        "make unit",
        "make check",
        "make format",
        ".venv",
        "make .venv/.installed",
        "make docs",
        "make licences",
    )
    too_long = (
        *("make test-oldest", "make test-python", "make lock", "make lock-check", "make install-check"),
        *(
            "make airflow",
            "make release",
            "make e2e",
            "make browser",
            "make scale",
            "make chaos",
            "make canary",
            "make rotation",
            "make mutation",
            "make budget",
        ),
        *("make conformance", "make conformance-peers", "make crash"),
        *("make bench", "make bench-waits", "make bench-imports", "make bench-catch-up", "make bench-refresh"),
        "git worktree add ../before",
        "make bench-archive",
        "make bench-receipts",
        "make bench-check",
    )
    assert all(line.startswith((*run_by_tests, *too_long)) for line in COMMANDS)
    assert [start for start in (*run_by_tests, *too_long) if not any(line.startswith(start) for line in COMMANDS)] == []
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {line.split()[1] for line in COMMANDS if line.startswith("make ")} <= {*targets, ".venv/.installed"}


def without_figures(text: str) -> list[str]:
    """The lines of the demo that every day has; which categories occur is the day's own."""
    lines = [re.sub(r"[\d,]+", "#", " ".join(line.split())) for line in text.strip().splitlines()]
    return [line for line in lines if not line.startswith("failed: ") and set(line) != {"-"}]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run make in a copy of the checkout that shares this environment, with a home of its own."""
    copy, home = tmp_path / "copy", tmp_path / "home"
    # Other tests write into .hypothesis.
    made_here = (".venv*", ".demo", ".tmp", ".cache", ".*_cache", ".hypothesis", ".mutation", "__pycache__")
    ignore = shutil.ignore_patterns(".git", *made_here)
    shutil.copytree(ROOT, copy, ignore=ignore)
    (copy / ".tmp").mkdir()
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MAKE"))}
    environment["MYPY_CACHE_DIR"] = str(ROOT / ".mypy_cache")  # a third of a minute
    installed = [f"--assume-old={sys.prefix}/{name}" for name in (".installed-demo", ".installed")]

    def run(target: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", f"VENV={sys.prefix}", *installed, target],
            cwd=copy,
            env={**environment, "HOME": str(home), "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )

    return run


def test_make_demo_prints_what_the_readme_shows_also_after_an_earlier_run(
    make: Callable[..., Any], tmp_path: Path
) -> None:
    shown = re.search(r"<!-- output of make demo -->\n```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown
    for earlier in (".demo/airflow/airflow.db", f".demo/output/send_date={DAY}/part-0.csv", ".demo/sent/log.csv"):
        (tmp_path / "copy" / earlier).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / earlier).write_text("of an earlier run, or of one that was killed")
    done = make("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.replace(os.path.relpath(sys.executable, tmp_path / "copy"), ".venv/bin/python")
    assert without_figures(printed) == without_figures(shown[1])
    (query,) = [line.strip() for line in done.stdout.splitlines() if "import duckdb" in line]
    looked = subprocess.run(["bash", "-c", query], cwd=tmp_path / "copy", capture_output=True, text=True, check=False)
    assert "delivered" in looked.stdout, looked.stderr
    assert list((tmp_path / "home").iterdir()) == []


def test_make_check_finds_nothing(make: Callable[..., Any]) -> None:
    done = make("check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_extras_that_are_installed_exist() -> None:
    installs = [line for line in COMMANDS if line.startswith("pip install")]
    for line in installs:
        extras = re.search(r"\[(.*)\]", line)
        assert extras
        assert set(extras[1].split(",")) == set(metadata("airflow-provider-dysms").get_all("Provides-Extra") or [])


@pytest.mark.usefixtures("_airflow_database")
def test_the_connection_can_be_added_and_is_one() -> None:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    subprocess.run([sys.executable, "-m", *command("airflow connections")], check=True)
    with create_session() as session:
        (added,) = session.query(Connection).filter(Connection.conn_id == "dysms_default")
        assert (added.conn_type, added.login, added.password) == ("dysms", "LTAI_YOUR_KEY", "YOUR_SECRET")
        assert added.extra_dejson == {"region_id": "cn-hangzhou", "privacy_secret": "A_LONG_RANDOM_TEXT"}
        session.delete(added)


def test_the_emulators_command_serves_until_it_is_told_to_end() -> None:
    arguments = [
        "0" if part == "8085" else part for part in command(".venv/bin/python -m airflow_provider_dysms.emulator")[1:]
    ]
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline().startswith("export AIRFLOW_CONN_DYSMS_DEFAULT=")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.fixture
def run_example(run_dag: Callable[..., Any], emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the README's example whose DAG has an id, with pieces of text replaced."""

    def run(dag_id: str, replace: dict[str, str] | None = None, **arguments: Any) -> Any:
        connection = emulator.connection_json(quota_share=1, privacy_secret="A_LONG_RANDOM_TEXT")
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", connection)
        (source,) = [example for example in EXAMPLES if f'"{dag_id}"' in example]
        for old, new in (replace or {}).items():
            assert old in source
            source = source.replace(old, new)
        names: dict[str, Any] = {}
        exec(compile(source, dag_id, "exec"), names)
        morning = dates.day_start(TODAY) + timedelta(hours=9)
        return run_dag(names["dag"], logical_date=morning, **arguments)

    return run


def test_the_audit_example_runs(run_example: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    sent_at = (dates.day_start(DAY) + timedelta(hours=12)).isoformat()
    emulator.add_message(phone_number=NUMBER, sent_at=sent_at, out_id="o-1")
    (tmp_path / f"{DAY:%Y%m%d}.csv").write_text(f"mobile,order_id,sent_at,campaign\n{NUMBER},o-1,{sent_at},spring\n")
    run = run_example(
        "sms_audit",
        {"s3://aws_default@my-bucket/sent": f"file://{tmp_path}", "s3://aws_default@my-bucket": f"file://{tmp_path}"},
    )
    assert run.state == "success"
    assert (tmp_path / f"audits/send_date={DAY}/part-0.parquet").exists()
    manifest = run.get_task_instance("audit").xcom_pull(task_ids="audit")
    assert manifest["result"]["by_state"] == {"delivered": 1}


def test_the_mapped_example_runs(run_example: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    days = [DAY - timedelta(days=1), DAY]
    for day in days:
        sent_at = (dates.day_start(day) + timedelta(hours=12)).isoformat()
        emulator.add_message(phone_number=NUMBER, sent_at=sent_at, out_id=f"o-{day}")
        (tmp_path / f"{day:%Y%m%d}.csv").write_text(f"phone_number,out_id,sent_at\n{NUMBER},o-{day},{sent_at}\n")
    run = run_example(
        "sms_catch_up",
        {
            "s3://aws_default@my-bucket/sent": f"file://{tmp_path}",
            "s3://aws_default@my-bucket": f"file://{tmp_path}",
            '["2026-11-18", "2026-11-19", "2026-11-20"]': repr([day.isoformat() for day in days]),
        },
    )
    assert run.state == "success"
    assert all((tmp_path / f"audits/send_date={day}/part-0.jsonl").exists() for day in days)


def test_the_send_and_wait_example_runs_and_airflow_stores_no_number_and_no_code(
    run_example: Callable[..., Any],
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stored_by_airflow: Callable[[], str],
) -> None:
    emulator.configure(transition="at_once")
    number, code = "139" + "00007531", "86" + "4297"
    variables = {"sign_name": "示例", "template_code": "SMS_200000001", "secret_code": code}
    for name, value in variables.items():
        monkeypatch.setenv(f"AIRFLOW_VAR_DYSMS_{name.upper()}", value)
    (tmp_path / "recipients.txt").write_text(f"{number}\n", "utf-8")
    run = run_example("sms_send_and_wait", {"s3://aws_default@my-bucket": f"file://{tmp_path}"})
    assert run.state == "success"
    (report,) = run.get_task_instance("arrived").xcom_pull(task_ids="arrived")
    assert (report["state"], report["category"]) == ("delivered", "delivered")
    (message,) = emulator.messages()
    assert message["phone_number"] == number
    stored = stored_by_airflow()
    assert "sms_send_and_wait" in stored
    assert number not in stored
    assert not re.search(rf"(?<!\d){code}(?!\d)", stored)


def test_the_look_up_example_runs(
    run_example: Callable[..., Any], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_at = (dates.day_start(DAY) + timedelta(hours=12)).isoformat()
    emulator.add_message(phone_number=NUMBER, sent_at=sent_at)
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_SECRET_NUMBERS", "+86 139-0000-1111, 13900002222")
    run = run_example("sms_lookup")
    assert [row["state"] for row in run.get_task_instance("look_up").xcom_pull(task_ids="look_up")] == ["delivered"]


def test_no_example_takes_what_is_private_from_where_airflow_shows_it() -> None:
    examples = [*EXAMPLES, *(file.read_text("utf-8") for file in (ROOT / "example_dags").glob("*.py"))]
    assert not [example for example in examples if re.search(r"dag_run\.conf|\bparams[.\[]", example)]


def test_the_python_example_runs(run_example: Callable[..., Any], emulator: Emulator) -> None:
    emulator.add_message(phone_number=NUMBER, sent_at=(dates.day_start(DAY) + timedelta(hours=12)).isoformat())
    run = run_example("sms_counts")
    assert run.get_task_instance("delivered").xcom_pull(task_ids="delivered") == 1


def test_every_page_is_in_the_table() -> None:
    assert [page for page in OWN_PAGES if page != "index.md" and f"](docs/{page})" not in README] == []


def test_every_class_of_the_table_exists() -> None:
    named = re.findall(r"^\| `([\w.]+)\.(\w+)` \|", README, re.MULTILINE)
    assert len(named) > 13
    for module, name in named:
        assert hasattr(import_module(f"airflow_provider_dysms.{module}"), name)
