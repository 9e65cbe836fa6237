"""The installed packages, and the wheel's metadata: pins for every Python, extras, metadata, the steps of CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions, metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
NEWEST, OLDEST = "constraints.txt", "constraints-oldest.txt"
PYTHONS = ("3.11.0", "3.11.5", "3.12.0", "3.13.0", "3.14.0")


def lines(pins: str) -> list[str]:
    return [line for line in (ROOT / pins).read_text().splitlines() if not line.lstrip().startswith("#")]


def environment(python: str) -> dict[str, Any]:
    """Linux with that Python, as markers see it."""
    version = ".".join(python.split(".")[:2])
    there = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    return {**default_environment(), **there, "python_version": version, "python_full_version": python}


def pinned(pins: str, python: str) -> dict[str, Version]:
    """The version of every package that is pinned for that Python; two pins for one package are an error."""
    found: dict[str, Version] = {}
    for requirement in map(Requirement, lines(pins)):
        if requirement.marker is None or requirement.marker.evaluate(environment(python)):
            (pin,) = requirement.specifier
            assert canonicalize_name(requirement.name) not in found, requirement
            found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


def named(groups: set[str]) -> Iterator[Requirement]:
    """Return the requirements of the project, its extras and these dependency groups."""
    project = PROJECT["project"]
    yield from map(Requirement, project["dependencies"])
    yield from (Requirement(line) for extra in project["optional-dependencies"].values() for line in extra)
    for group in groups:
        yield from (Requirement(line) for line in PROJECT["dependency-groups"][group] if isinstance(line, str))


@pytest.mark.parametrize("pins", [NEWEST, OLDEST])
def test_pins_are_constraints_that_pip_takes_and_name_no_host(pins: str) -> None:
    for line in lines(pins):
        requirement = Requirement(line)
        assert not requirement.extras
        assert not requirement.url
        assert [specifier.operator for specifier in requirement.specifier] == ["=="]
    assert "//" not in (ROOT / pins).read_text()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("pins", [NEWEST, OLDEST])
def test_every_requirement_has_a_pin_that_fits_it_for_every_python(pins: str, python: str) -> None:
    groups = set(PROJECT["dependency-groups"]) - {"oldest"}
    if pins == OLDEST:
        groups = {"dev", "e2e", "lock", "oldest"}
    found = pinned(pins, python)
    for requirement in named(groups):
        assert found[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_what_is_installed_is_what_is_pinned_and_takes_python_3_11_0() -> None:
    pins = OLDEST if Path(sys.prefix).name == ".venv-oldest" else NEWEST
    here = pinned(pins, ".".join(map(str, sys.version_info[:3])))
    first = pinned(pins, "3.11.0")
    seen = 0
    for distribution in distributions(path=[sysconfig.get_path("purelib")]):
        name = canonicalize_name(distribution.metadata["Name"])
        if name not in here:
            assert name in {"airflow-provider-dysms", "setuptools"}, f"{name} is installed and not pinned"
            continue
        seen += 1
        assert Version(distribution.version) == here[name]
        if first.get(name) == here[name]:
            assert "3.11.0" in SpecifierSet(distribution.metadata.get("Requires-Python") or ""), name
    assert seen > 150


def test_the_oldest_airflow_is_one_number_everywhere() -> None:
    (least,) = [requirement for requirement in named(set()) if requirement.name == "apache-airflow"]
    (bound,) = least.specifier
    assert pinned(OLDEST, "3.11.0")["apache-airflow"] == Version(bound.version)
    assert PROJECT["dependency-groups"]["oldest"] == [f"apache-airflow=={bound.version}"]
    assert f"apache-airflow=={bound.version}" in (ROOT / "scripts/install_check.py").read_text()
    first_screen = README[: README.index("make demo")]
    assert f"Apache Airflow {bound.version} or newer" in first_screen


def test_the_readme_installs_with_the_constraints_of_the_airflow_that_is_pinned() -> None:
    newest = pinned(NEWEST, "3.11.0")["apache-airflow"]
    (line,) = [line for line in README.splitlines() if line.startswith("pip install --constraint https://")]
    assert set(re.findall(r"3\.\d+\.\d+", line)) == {str(newest)}


def test_the_pythons_that_are_named_are_the_same_everywhere() -> None:
    versions = ["3.11", "3.12", "3.13", "3.14"]
    about = metadata("airflow-provider-dysms")
    classifiers = about.get_all("Classifier") or []
    assert [line.rsplit(" ", 1)[1] for line in classifiers if "Python :: 3." in line] == versions
    assert about["Requires-Python"] == ">=3.11"
    checked = re.search(r"^PYTHONS = \((.*)\)", (ROOT / "scripts/lock_check.py").read_text(), re.MULTILINE)
    assert checked
    assert re.findall(r'"(3\.\d+)\.0"', checked[1]) == versions
    assert f"Python {versions[0]} to {versions[-1]}" in README[: README.index("make demo")]


def test_airflows_page_of_providers_links_to_documentation_that_exists() -> None:
    from airflow.providers_manager import ProvidersManager

    from airflow_provider_dysms.get_provider_info import get_provider_info

    shown = ProvidersManager().providers["airflow-provider-dysms"].data["documentation-url"]
    (integration,) = get_provider_info()["integrations"]
    assert shown.strip() == integration["external-doc-url"]  # 3.2.2 keeps a blank


def makes(target: str, *arguments: str) -> str:
    """Return the commands that make would run for a target if everything were installed."""
    command = ["make", "--dry-run", "--always-make", target, *arguments]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, check=True)
    return done.stdout


def test_types_are_checked_on_the_newest_set_alone_and_everything_else_on_both() -> None:
    newest, oldest = makes("check", "VENV=.venv"), makes("check", "VENV=/somewhere/.venv-oldest")
    assert "/mypy" in newest
    assert "--group types" in newest
    assert "mypy" not in oldest
    assert "--group types" not in oldest
    for tool in ("/ruff check .", "/ruff format --check .", "/lint-imports"):
        assert tool in newest
        assert tool in oldest


def test_the_demo_installs_nothing_that_only_tests_need() -> None:
    printed = makes("demo")
    assert "--editable '.[archive,parquet]'" in printed
    assert "--group" not in printed


def test_the_steps_of_ci_are_targets_and_their_budgets_are_ninety_minutes_together() -> None:
    steps = re.findall(r"^step (\d+) (\S+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert {target for _, target in steps} == {"check", "lock-check", "test", "test-oldest"}
    assert sum(int(minutes) for minutes, _ in steps) <= 90
    assert {target for _, target in steps} <= set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.slow
def test_an_install_that_fails_says_what_pip_said(tmp_path: Path) -> None:
    (tmp_path / ".tmp").mkdir()
    command = [sys.executable, str(ROOT / "scripts/install.py"), "what the test needs", "--no-index", "not-there"]
    # The pins that make names are a file of the checkout, and the command runs elsewhere.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Installing what the test needs." in done.stdout
    assert "No matching distribution found for not-there" in done.stdout
    assert ".tmp/pip.log" in done.stderr
