"""The licences of what we bring are known and fit; one that does not fit is named."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "licences.py"


@pytest.fixture
def licences() -> Any:
    spec = spec_from_file_location("licences", SCRIPT)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_licence_fits() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "apache-airflow " in done.stdout
    assert "s3fs " in done.stdout, "of an extra"
    assert "pytest " not in done.stdout, "of our own tests"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "Proprietary", "unknown", ""])
def test_a_licence_that_does_not_fit_ends_with_its_name(
    licences: Any, monkeypatch: pytest.MonkeyPatch, licence: str
) -> None:
    monkeypatch.setattr(licences, "_packages", lambda: {licences.Package("bad", "1", licence)})
    with pytest.raises(SystemExit, match="1 of 1 packages have no licence that is known to fit: bad"):
        licences.main()
