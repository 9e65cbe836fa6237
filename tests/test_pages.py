"""The pages for engineers name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Folders that a command makes.
MADE = {".artifacts/"}
FOLDERS = (ROOT, ROOT / "airflow_provider_dysms", ROOT / "airflow_provider_dysms" / "api")


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_and_folder_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`([\w/.-]+(?:\.(?:py|md)|/))`", (ROOT / page).read_text("utf-8"))
    assert len(named) > 10
    assert [name for name in named if name not in MADE and not _exists(name)] == []


def _exists(name: str) -> bool:
    """Say whether there is such a file: below the root, the package or api, or anywhere if the name has no folder."""
    if any((folder / name).exists() for folder in FOLDERS):
        return True
    return "/" not in name and any((ROOT / "airflow_provider_dysms").rglob(name))
