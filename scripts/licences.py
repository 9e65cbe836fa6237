"""Lists the licence of every package that an installation with all extras brings: `make licences`.

A licence that forbids what Apache-2.0 allows, or that nothing names, is an error.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageMetadata, distribution
from typing import NamedTuple

from packaging.requirements import Requirement

OURS = "airflow-provider-dysms"

#: Words in licences under which our users may use, change and sell what they make with it.
ALLOWED = re.compile(
    r"apache|\bmit\b|\bbsd\b|isc\b|python software|psf|mozilla|mpl|unlicense|zlib|cc0|0bsd|hpnd|public domain|artistic",
    re.IGNORECASE,
)

#: Packages whose metadata has no licence -> the licence that their repositories have.
KNOWN: dict[str, str] = {}


class Package(NamedTuple):
    """A package that is installed with ours."""

    name: str
    version: str
    licence: str


def main() -> None:
    packages = sorted(_packages())
    for package in packages:
        print(f"{package.name:45} {package.version:14} {package.licence}")
    unknown = [package.name for package in packages if not ALLOWED.search(package.licence)]
    if unknown:
        sys.exit(
            f"{len(unknown)} of {len(packages)} packages have no licence that is known to fit: {', '.join(unknown)}"
        )
    print(f"{len(packages)} packages, and every licence fits.")


def _packages() -> set[Package]:
    """Return what our package needs with every extra, and what that needs in turn."""
    found: set[Package] = set()
    seen: set[tuple[str, str]] = set()
    extras = distribution(OURS).metadata.get_all("Provides-Extra") or []
    queue = [(OURS, extra) for extra in ("", *extras)]
    while queue:
        name, extra = queue.pop()
        installed = _installed(name)
        if (name, extra) in seen or installed is None:
            continue
        seen.add((name, extra))
        if name != OURS:
            found.add(Package(name, installed.version, licence_of(name, installed.metadata)))
        for line in installed.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = re.sub(r"[-_.]+", "-", requirement.name).lower()
                queue += [(needed, each) for each in ("", *requirement.extras)]
    return found


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except ModuleNotFoundError:
        return None  # for another system or Python


def licence_of(name: str, metadata: PackageMetadata) -> str:
    """Return the licence of a package in a few words: its expression, its classifiers, or its text's first line."""
    expression = metadata.get("License-Expression")
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    texts = (metadata.get("License") or "").strip().splitlines()
    words = expression or ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    return " ".join((words or (texts[0] if texts else "") or KNOWN.get(name, "unknown")).split())[:80]


if __name__ == "__main__":
    main()
