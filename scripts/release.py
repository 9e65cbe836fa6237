"""Builds the release, twice and byte for byte the same, and tries the wheel as a stranger: `make release`.

The wheel is installed without our pins into a new environment for each extra, and the demo runs from it. The files of
the release are in dist/: wheel, source archive, licences, and a bill of materials (CycloneDX). Nothing is uploaded.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
WORK = ROOT / ".tmp" / "release"
BIN = Path(sys.executable).parent
PACKAGE = "airflow_provider_dysms"

#: Archives bear this time (s since 1970) unless the variable is set: two builds of one commit are the same everywhere.
EPOCH = os.environ.get("SOURCE_DATE_EPOCH", "1767225600")

#: Module of each extra, which shows that the extra brought what it is for.
MODULE_OF_EXTRA = {
    "parquet": "pyarrow",
    "s3": "s3fs",
    "oss": "airflow_provider_dysms.filesystems.oss_file_system",
    "credentials": "alibabacloud_credentials",
    "archive": "duckdb",
}

#: Imports that work with the package alone.
IMPORTS = (
    "airflow_provider_dysms.hooks.dysms, airflow_provider_dysms.operators.dysms, airflow_provider_dysms.sensors.dysms, "
    "airflow_provider_dysms.transfers.dysms_to_object_storage, airflow_provider_dysms.emulator"
)


def main() -> None:
    for folder in (DIST, WORK):
        shutil.rmtree(folder, ignore_errors=True)
    wheel, source = build(DIST)
    check_reproducible(wheel, source)
    check_metadata(wheel, source)
    for extra in ("", *MODULE_OF_EXTRA):
        check_install(wheel, extra)
    everything = install(wheel, ",".join(MODULE_OF_EXTRA), "pip")
    run_demo(everything)
    write_licences(everything)
    write_materials(everything)
    shutil.rmtree(WORK)
    say("The release is in dist/:")
    for file in sorted(DIST.iterdir()):
        say(f"  {file.name:55} {hashlib.sha256(file.read_bytes()).hexdigest()}")


def build(folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the source archive; return their paths."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    run(command, environment={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def check_reproducible(*files: Path) -> None:
    """Build again, and compare every byte."""
    for file, again in zip(files, build(WORK / "again"), strict=True):
        if file.read_bytes() != again.read_bytes():
            sys.exit(f"Two builds of {file.name} differ.")
    say("Two builds are the same, byte for byte.")


def check_metadata(wheel: Path, source: Path) -> None:
    """Check the metadata against its specification, the version in all its places, and which files there are."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        text = archive.read(path)
    metadata = Metadata.from_email(text, validate=True)
    version = re.search(r'^__version__ = "(.+)"$', (ROOT / PACKAGE / "__init__.py").read_text(), re.MULTILINE)
    if version is None or str(metadata.version) != version[1]:
        sys.exit(f"The wheel has the version {metadata.version}, and the package another one.")
    if f"## [{version[1]}]" not in (ROOT / "CHANGELOG.md").read_text("utf-8"):
        sys.exit(f"CHANGELOG.md does not have the version {version[1]}.")
    if set(HeaderParser().parsestr(text.decode()).get_all("Provides-Extra") or []) != MODULE_OF_EXTRA.keys():
        sys.exit("The extras of the wheel are not those that are tried here.")
    strange = [name for name in names if not name.startswith((f"{PACKAGE}/", f"{PACKAGE}-")) or "__pycache__" in name]
    if strange or f"{PACKAGE}/py.typed" not in names or not any(name.endswith("licenses/LICENSE") for name in names):
        sys.exit(f"The wheel lacks a file, or has one that does not belong in it: {strange}")
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"CHANGELOG.md", "SECURITY.md", "LICENSE", "README.md", "docs/start.md"} - inside
    if missing:
        sys.exit(f"The source archive lacks {', '.join(sorted(missing))}.")
    say(f"The metadata of {metadata.name} {metadata.version} is valid, and the archives are complete.")


def check_install(wheel: Path, extra: str) -> None:
    """Install the wheel with one extra into a new environment, and import what it is for."""
    python = install(wheel, extra)
    modules = f"{IMPORTS}, {MODULE_OF_EXTRA[extra]}" if extra else IMPORTS
    where = run([str(python), "-c", f"import {modules}; import {PACKAGE}; print({PACKAGE}.__file__)"], cwd=WORK)
    if "site-packages" not in where.splitlines()[-1]:
        sys.exit(f"The package was imported from {where}, not from the wheel.")
    said = run([str(python.parent / "airflow"), "dysms", "--help"], cwd=WORK)
    if wheel.name.split("-")[1] not in said:
        sys.exit("airflow dysms does not show the version.")
    say(f"A new environment with {f'the extra {extra}' if extra else 'no extra'} works.")


def install(wheel: Path, extras: str, *more: str) -> Path:
    """Install the wheel into a new environment without our pins; return its Python."""
    folder = WORK / "environment"
    shutil.rmtree(folder, ignore_errors=True)
    run([str(BIN / "uv"), "venv", "--quiet", "--python", sys.executable, str(folder)])
    python = folder / "bin" / "python"
    wanted = f"{wheel}[{extras}]" if extras else str(wheel)
    # Our pins are for our own environments; uv takes the newest of everything, as pip does.
    free = {name: value for name, value in os.environ.items() if "CONSTRAINT" not in name}
    run([str(BIN / "uv"), "pip", "install", "--quiet", "--python", str(python), wanted, *more], environment=free)
    return python


def run_demo(python: Path) -> None:
    """Run the demo in a folder that has its script and the example DAGs, and nothing of the package."""
    folder = WORK / "demo"
    for name in ("scripts", "example_dags"):
        shutil.copytree(ROOT / name, folder / name)
    said = run([str(python), "scripts/demo.py"], cwd=folder)
    if "telecom   delivered" not in said:
        sys.exit(f"The demo did not end well:\n{said}")
    say("The demo runs from the wheel.")


def write_licences(python: Path) -> None:
    """Write the licences of everything that an installation with all extras brings."""
    (DIST / "licences.txt").write_text(run([str(python), str(ROOT / "scripts" / "licences.py")]), "utf-8")


def write_materials(python: Path) -> None:
    """Write the bill of materials of the same installation."""
    target = DIST / "sbom.cdx.json"
    options = ["--output-reproducible", "--of", "JSON", "-o", str(target)]
    run([str(BIN / "cyclonedx-py"), "environment", *options, str(python)])


def run(command: list[str], *, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a command; return what it prints, or end with what it says."""
    given = os.environ if environment is None else environment
    clean = {name: value for name, value in given.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))}
    clean["AIRFLOW_HOME"] = str(WORK / "airflow")
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
