"""The check of English finds what it is for, names the right line, and finds nothing in the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MODULE = '''"""What signs requests."""

#: Whoever asks waits so long (s),
#: where it is
#: busy.
MOST_ROWS = 3


def check(value: int) -> None:
    if value < 0:
        raise ValueError(f"{value} is no number; 5 requests a second were in vain")
'''


def check(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/check_english.py", *names], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        (1, '"""What s'),
        (3, "Whoever"),
        (3, "so long (s)"),
        (4, "where it is"),
        (6, "MOST_R"),
        (11, "is no"),
        (11, "requests a second"),
        (11, "in vain"),
    ],
)
def test_a_phrase_is_found_and_its_line_is_named(tmp_path: Path, line: int, phrase: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(MODULE)
    checked = check(str(module))
    assert checked.returncode == 1
    assert f"{module}:{line}: {phrase!r}: " in checked.stdout


def test_plain_sentences_pass(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "The record is missing, and there are no more queries. 5 requests per second go where the log is.\n"
    )
    checked = check(str(page))
    assert (checked.returncode, checked.stdout.splitlines()[-1][:13]) == (0, "Plain English")
