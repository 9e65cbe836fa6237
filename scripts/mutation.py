"""Mutation testing of what must never be silently wrong, over tests that know nothing of Airflow: `make mutation`.

mutmut changes the code of MODULES in thousands of small ways and runs, for each, the TESTS that reach it; what no test
notices survives. It works on a copy in `.mutation/`. `make mutation ONLY=quota,pages` takes a few modules. It changes
functions alone, and none with a decorator; tables and constants of a module stay. Messages are changed too: people read
them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / ".mutation"
PACKAGE = "airflow_provider_dysms"

#: Tests of a commit that do not import Airflow.
COMMIT_TESTS = [
    "storage/test_manifest.py",
    "storage/test_partition_steps.py",
    "storage/test_partition_other_writers.py",
    "storage/object_store/test_store.py",
    "storage/object_store/test_local_folder.py",
    "storage/object_store/test_bucket.py",
]

#: The module, and the tests that are to notice.
MODULES = {
    "api/protocol/error_codes.py": ["api/protocol/test_error_codes.py"],
    "model/errors.py": ["model/test_errors.py"],
    "model/delivery.py": ["model/test_delivery.py"],
    "model/dates.py": ["model/test_dates.py"],
    "api/pagination.py": ["api/test_pagination.py"],
    "api/rate_limiter.py": ["api/test_rate_limiter.py"],
    "storage/manifest.py": COMMIT_TESTS,
    "storage/partition.py": COMMIT_TESTS,
    "storage/object_store/store.py": COMMIT_TESTS,
    "storage/object_store/local_folder.py": COMMIT_TESTS,
    "storage/object_store/bucket.py": COMMIT_TESTS,
}

#: How mutmut says what became of a mutant: by the exit code of pytest, and of what stopped it.
KILLED = {1: "killed", 3: "killed", 36: "timeout", 24: "timeout", -24: "timeout", 152: "timeout", 255: "timeout"}
SURVIVED = {0: "survived", 33: "no tests", 5: "no tests"}

CONFTEST = """
import hypothesis

hypothesis.settings.register_profile("quick", deadline=None, derandomize=True, database=None, max_examples=20)
hypothesis.settings.load_profile("quick")
"""


def main(only: str = "") -> None:
    modules = {module: tests for module, tests in MODULES.items() if any(part in module for part in only.split(","))}
    _copy(modules)
    mutmut = [sys.executable, "-m", "mutmut"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    log = COPY / "mutmut.log"
    with log.open("wb") as output:
        ran = subprocess.run(
            [*mutmut, "run", "--max-children", "1"],
            cwd=COPY,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
        )
    if ran.returncode:
        sys.exit(f"mutmut ended with exit code {ran.returncode}:\n{log.read_text()[-3000:]}")
    rows = [("module", "mutants", "killed", "of them by time", "survived", "")]
    survivors: list[str] = []
    everything: Counter[str] = Counter()
    for module in modules:
        outcomes = _outcomes(module)
        counted = Counter(outcomes.values())
        everything += counted
        rows.append(_row(module, counted))
        survivors += [name for name, outcome in outcomes.items() if outcome not in ("killed", "timeout")]
    for name in survivors:
        shown = subprocess.run([*mutmut, "show", name], cwd=COPY, capture_output=True, text=True, check=False)
        print(f"{name}\n{_changed_lines(shown.stdout)}\n")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
    mutants = everything.total()
    killed = everything["killed"] + everything["timeout"]
    print(f"\n{mutants} mutants, {killed} killed ({killed / mutants:.1%}), {mutants - killed} survived")


def _copy(modules: dict[str, list[str]]) -> None:
    """Lay out the package and the tests that are needed."""
    shutil.rmtree(COPY, ignore_errors=True)
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / PACKAGE, COPY / PACKAGE, ignore=no_caches)
    for module in modules:
        # What is remembered from the run without mutants would hide them; and decorated functions are not changed.
        path = COPY / PACKAGE / module
        path.write_text(re.sub(r"(?m)^@lru_cache\(.*\)\n", "", path.read_text()))
    tests = dict.fromkeys(test for tests in modules.values() for test in tests)
    (COPY / "tests").mkdir()
    for test in tests:
        found, path = ROOT / "tests" / test, COPY / "tests" / test
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(found, path, ignore=no_caches) if found.is_dir() else shutil.copy(found, path)
    (COPY / "tests" / "conftest.py").write_text(CONFTEST)
    settings = {
        "source_paths": [PACKAGE],
        "only_mutate": [f"{PACKAGE}/{module}" for module in modules],
        "pytest_add_cli_args_test_selection": [f"tests/{test}" for test in tests],
        "pytest_add_cli_args": ["--import-mode=importlib", "-p", "no:cacheprovider"],
        "use_git_change_detection": False,
        "timeout_multiplier": 3.0,
        "timeout_constant": 10.0,  # s: a busy machine must not pass for a test that noticed
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (COPY / "pyproject.toml").write_text("[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _outcomes(module: str) -> dict[str, str]:
    """Return what became of each mutant of a module, by its name."""
    told = json.loads((COPY / "mutants" / PACKAGE / f"{module}.meta").read_text())["exit_code_by_key"]
    return {name: KILLED.get(code) or SURVIVED.get(code, f"exit code {code}") for name, code in told.items()}


def _row(module: str, counted: Counter[str]) -> tuple[str, ...]:
    killed, mutants = counted["killed"] + counted["timeout"], counted.total()
    figures = (mutants, killed, counted["timeout"], mutants - killed)
    return (module, *map(str, figures), f"{killed / mutants:.1%}")


def _changed_lines(diff: str) -> str:
    return "\n".join(line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2})", line))


if __name__ == "__main__":
    main(*sys.argv[1:])
