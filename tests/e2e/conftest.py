"""Fixtures that the slow tests share: a database that serves several triggerers."""

from collections.abc import Iterator

import pytest
from support.airflow.servers import serving


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL."""
    with serving("postgres") as url:
        yield url
