"""`make mutation` copies the tests of some modules with what they need, and fails if they notice too little."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts/mutation.py"


@pytest.mark.slow
def test_the_copied_tests_find_their_fixtures_without_the_rest(tmp_path: Path) -> None:
    script = runpy.run_path(str(SCRIPT))
    script["_copy"].__globals__["COPY"] = tmp_path / "copy"
    script["_copy"](script["MODULES"])
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--setup-plan", "--import-mode=importlib", "tests"]
    done = subprocess.run(command, cwd=tmp_path / "copy", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_name_that_selects_no_module_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"ONLY=nosuch selects no module; choose from: .*storage/partition\.py"):
        runpy.run_path(str(SCRIPT))["main"]("nosuch")


def test_a_share_that_is_too_small_is_refused() -> None:
    require_share = runpy.run_path(str(SCRIPT))["_require_share"]
    require_share(957, 1000)
    with pytest.raises(SystemExit, match=r"must notice 95\.7%"):
        require_share(956, 1000)
