"""The pages are built without a warning, name every class, and what they show runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import airflow_provider_dysms

pytestmark = pytest.mark.slow

ROOT = Path(airflow_provider_dysms.__file__).parents[1]
DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does."""
    (recipe,) = re.findall(r"-m sphinx (.*) docs \.artifacts/docs$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    command = [sys.executable, "-m", "sphinx", *recipe.split(), str(source), str(target)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("built")
    done = build(DOCS, target)
    assert done.returncode == 0, done.stderr
    return target


def test_every_page_is_in_the_index_and_links_elsewhere_are_listed(built: Path) -> None:
    index = (built / "index.html").read_text("utf-8")
    pages = [page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md") if page.stem != "index"]
    assert len(pages) > 25
    assert [page for page in pages if f'href="{page}.html"' not in index] == []
    assert "https://help.aliyun.com/document_detail/419277.html" in (built / "external-links.txt").read_text()


def test_every_class_of_the_readme_is_in_the_reference(built: Path) -> None:
    named = re.findall(r"^\| `([\w.]+)\.(\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    reference = "".join(page.read_text("utf-8") for page in (built / "reference").glob("*.html"))
    assert len(named) > 12
    assert [name for _, name in named if f'.{name}"' not in reference] == []


def test_links_to_nowhere_and_classes_that_do_not_exist_are_errors(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "tests", "benchmarks", "scripts"))
    wrong = {
        "nowhere.md": ("alerts.md", "[gone](nowhere.md)"),
        "no-heading": ("alerts.md", "[gone](metrics.md#no-heading)"),
        "../nowhere.py": ("unlisted.md", "# A page\n\n[gone](../nowhere.py)"),
        "NoClass": (
            "reference/sensors.md",
            "```{eval-rst}\n.. autoclass:: airflow_provider_dysms.exceptions.NoClass\n```",
        ),
    }
    for page, text in wrong.values():
        with (tmp_path / "copy/docs" / page).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")
    done = build(tmp_path / "copy/docs", tmp_path / "built")
    assert done.returncode != 0
    assert [name for name in wrong if name not in done.stderr] == []
    index = (tmp_path / "built/index.html").read_text("utf-8")
    assert 'href="unlisted.html"' in index, "a page that nobody listed"


START = (DOCS / "start.md").read_text("utf-8")
STEPS = [line for block in re.findall(r"```shell\n(.*?)```", START, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def first_terminal(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Run a command of the page that goes on, and return what it prints first."""
    started: list[subprocess.Popen[str]] = []

    def run(line: str) -> str:
        started.append(
            subprocess.Popen(words(line), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
        )
        assert started[0].stdout
        return started[0].stdout.readline()

    yield run
    for process in started:
        process.terminate()
        process.communicate()


def words(line: str) -> list[str]:
    return [
        str(BIN / word.removeprefix("trial/bin/")) if word.startswith("trial/") else word for word in shlex.split(line)
    ]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def test_the_five_minute_page_can_be_followed(first_terminal: Callable[[str], str], tmp_path: Path) -> None:
    """All but the installation, which `make install-check` runs."""
    assert len(STEPS) == 6
    assert STEPS[1].endswith(".")
    export = first_terminal(STEPS[2].replace("8085", "0"))
    name, _, value = shlex.split(export)[1].partition("=")
    variables = {**environment(), name: value, "AIRFLOW_HOME": str(tmp_path / "airflow")}
    said = []
    for line in STEPS[3:]:
        done = subprocess.run(words(line), cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        said.append(done.stdout + done.stderr)
    (shown,) = re.findall(r"```text\n.*?\n(.*?)```", START, re.DOTALL)
    printed = dict(re.findall(r"^  (\w[\w ,]*?) {2,}([\d,]+)", said[0], re.MULTILINE))
    assert [name for name in re.findall(r"^  (\w[\w ,]*?) {2,}\d", shown, re.MULTILINE) if name not in printed] == []
    # The page says that the day has a bit of each.
    assert [name for name in ("failed", "waiting", "missing", "unlogged") if printed[name] == "0"] == []
    assert "matches" in said[1]
    (rows,) = tmp_path.glob("audits/send_date=*/part-0.jsonl")
    assert len(rows.read_text("utf-8").splitlines()) == int(printed["rows, one per message"].replace(",", ""))
