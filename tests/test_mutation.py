"""`make mutation` copies the tests of some modules, and everything that these need."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


def test_the_copied_tests_find_their_fixtures_without_the_rest(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts/mutation.py"))
    script["_copy"].__globals__["COPY"] = tmp_path / "copy"
    script["_copy"](script["MODULES"])
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--setup-plan", "--import-mode=importlib", "tests"]
    done = subprocess.run(command, cwd=tmp_path / "copy", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
