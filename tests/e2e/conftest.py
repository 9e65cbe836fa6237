"""What the slow tests share: a database that bears several triggerers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "postgres.py"


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL."""
    with subprocess.Popen([sys.executable, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url, "PostgreSQL did not come up; what it said is above"
        yield url
        server.communicate(timeout=60)
