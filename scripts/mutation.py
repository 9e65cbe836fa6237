"""Tests the tests of the code that must never be silently wrong, by mutation, without Airflow: `make mutation`.

mutmut changes the code of MODULES in thousands of small ways and runs their tests after each change. A change that no
test notices survives. It works on a copy in `.mutation/`. `make mutation ONLY=rate_limiter,pagination` selects the
modules whose paths contain one of these texts. mutmut only changes functions without decorators, not tables and
constants. It changes messages, too, because people read them.

`tests/mutation/SURVIVORS.md` says why the mutants that survive make no difference. They count as survivors all the
same. A run of all modules fails if the tests notice less than MIN_KILLED.
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

#: module -> the tests that must notice its changes
MODULES = {
    "api/protocol/error_codes.py": ["api/protocol/test_error_codes.py"],
    "model/errors.py": ["model/test_errors.py"],
    "model/delivery/judge.py": ["model/delivery/test_judge.py"],
    "model/delivery/codes.py": ["model/delivery/test_codes.py"],
    "model/dates.py": ["model/test_dates.py"],
    "api/pagination.py": ["api/test_pagination.py"],
    "api/rate_limiter.py": ["api/test_rate_limiter.py"],
    "storage/manifest.py": COMMIT_TESTS,
    "storage/partition.py": COMMIT_TESTS,
    "storage/object_store/store.py": COMMIT_TESTS,
    "storage/object_store/local_folder.py": COMMIT_TESTS,
    "storage/object_store/bucket.py": COMMIT_TESTS,
}

#: Share of the mutants that the tests must notice.
MIN_KILLED = 0.957

#: Result of a mutant, by the exit code of pytest or of the signal that stopped it.
KILLED = {1: "killed", 3: "killed", 36: "timeout", 24: "timeout", -24: "timeout", 152: "timeout", 255: "timeout"}
SURVIVED = {0: "survived", 33: "no tests", 5: "no tests"}

#: What the tests of a commit need in addition to themselves.
SUPPORT = ["support/__init__.py", "support/light_places.py"]

CONFTEST = """
import hypothesis
from support.light_places import light_bucket, light_place, naps

hypothesis.settings.register_profile("quick", deadline=None, derandomize=True, database=None, max_examples=20)
hypothesis.settings.load_profile("quick")
"""


def main(only: str = "") -> None:
    modules = {module: tests for module, tests in MODULES.items() if any(part in module for part in only.split(","))}
    if not modules:
        sys.exit(f"ONLY={only} selects no module; choose from: {', '.join(MODULES)}")
    _copy(modules)
    mutmut = [sys.executable, "-m", "mutmut"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    log = COPY / "mutmut.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [*mutmut, "run", "--max-children", "1"],
            cwd=COPY,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        sys.exit(f"mutmut ended with exit code {done.returncode}:\n{log.read_text()[-3000:]}")
    rows = [("module", "mutants", "killed", "by timeout", "survived", "")]
    survivors: dict[str, str] = {}
    total_counts: Counter[str] = Counter()
    for module in modules:
        results = _results(module)
        counts = Counter(results.values())
        total_counts += counts
        rows.append(_row(module, counts))
        survivors |= {name: result for name, result in results.items() if result not in ("killed", "timeout")}
    for name, result in survivors.items():
        diff = subprocess.run([*mutmut, "show", name], cwd=COPY, capture_output=True, text=True, check=False)
        print(f"{name} ({result})\n{_changed_lines(diff.stdout)}\n")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
    mutants = total_counts.total()
    killed = total_counts["killed"] + total_counts["timeout"]
    print(f"\n{mutants} mutants, {killed} killed ({killed / mutants:.1%}), {mutants - killed} survived")
    if len(modules) == len(MODULES):
        _require_share(killed, mutants)


def _require_share(killed: int, mutants: int) -> None:
    if killed < MIN_KILLED * mutants:
        sys.exit(f"The tests must notice {MIN_KILLED:.1%}: write tests for the changes above that make a difference")


def _copy(modules: dict[str, list[str]]) -> None:
    """Copy the package and the tests that are needed."""
    shutil.rmtree(COPY, ignore_errors=True)
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / PACKAGE, COPY / PACKAGE, ignore=no_caches)
    for module in modules:
        # mutmut does not change decorated functions, and a cache filled before the mutation would hide it.
        path = COPY / PACKAGE / module
        path.write_text(re.sub(r"(?m)^@lru_cache\(.*\)\n", "", path.read_text()))
    tests = dict.fromkeys(test for tests in modules.values() for test in tests)
    (COPY / "tests").mkdir()
    for test in [*tests, *SUPPORT]:
        source, path = ROOT / "tests" / test, COPY / "tests" / test
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, path, ignore=no_caches) if source.is_dir() else shutil.copy(source, path)
    (COPY / "tests" / "conftest.py").write_text(CONFTEST)
    settings = {
        "source_paths": [PACKAGE],
        "only_mutate": [f"{PACKAGE}/{module}" for module in modules],
        "pytest_add_cli_args_test_selection": [f"tests/{test}" for test in tests],
        "pytest_add_cli_args": ["--import-mode=importlib", "-p", "no:cacheprovider"],
        "use_git_change_detection": False,
        "timeout_multiplier": 3.0,
        "timeout_constant": 10.0,  # s; a slow machine must not look like a test that noticed the change
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    pytest = '[tool.pytest.ini_options]\npythonpath = ["tests"]\n'
    (COPY / "pyproject.toml").write_text("[tool.mutmut]\n" + "\n".join(lines) + "\n" + pytest)


def _results(module: str) -> dict[str, str]:
    """Return the result of each mutant of a module, by its name."""
    codes = json.loads((COPY / "mutants" / PACKAGE / f"{module}.meta").read_text())["exit_code_by_key"]
    return {name: KILLED.get(code) or SURVIVED.get(code, f"exit code {code}") for name, code in codes.items()}


def _row(module: str, counts: Counter[str]) -> tuple[str, ...]:
    killed, mutants = counts["killed"] + counts["timeout"], counts.total()
    figures = (mutants, killed, counts["timeout"], mutants - killed)
    return (module, *map(str, figures), f"{killed / mutants:.1%}")


def _changed_lines(diff: str) -> str:
    return "\n".join(line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2})", line))


if __name__ == "__main__":
    main(*sys.argv[1:])
