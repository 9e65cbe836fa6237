"""Resolves our pins, and our package without pins, for every supported Python on Linux: `make lock-check`.

It does not install anything. A pin is valid if the index has a wheel of it for that Python, so that no compiler is
needed. The pins must be complete: the resolution must not need any other package.
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

UV = Path(sys.executable).parent / "uv"
PYTHONS = ("3.11.0", "3.12.0", "3.13.0", "3.14.0")
PACKAGE = ("pyproject.toml", "--all-extras", "--resolution")

#: Pure Python packages that are only published as source, now or when the oldest pins were made.
SOURCE = ("alibabacloud-endpoint-util", "alibabacloud-tea")
OLD_SOURCE = (*SOURCE, "alibabacloud-credentials-api", "alibabacloud-gateway-spi", "aliyun-python-sdk-core")

#: Name of the check -> arguments of uv, and the packages that have no wheel.
CHECKS = {
    "the pins of constraints.txt": (("constraints.txt",), SOURCE),
    "the pins of constraints-oldest.txt": (("constraints-oldest.txt",), OLD_SOURCE),
    "without our pins, newest": ((*PACKAGE, "highest"), SOURCE),
    "without our pins, oldest": ((*PACKAGE, "lowest-direct"), SOURCE),
}


def main() -> None:
    with ThreadPoolExecutor(4) as pool:  # uv mostly waits for the index
        cases = [(name, python) for name in CHECKS for python in PYTHONS]
        errors = list(pool.map(lambda case: check(*case), cases))
    for (name, python), error in zip(cases, errors, strict=True):
        print(f"{name:36}  {python:8}  {error or 'resolves'}")
    if any(errors):
        sys.exit("Some checks failed. make lock writes new pins.")


def check(name: str, python: str) -> str:
    """Return the problem of a check for one Python version, or an empty text."""
    arguments, sources = CHECKS[name]
    command = [str(UV), "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
    target = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "--only-binary", ":all:"]
    exceptions = [option for source in sources for option in ("--no-binary", source)]
    done = subprocess.run([*command, *target, *exceptions], capture_output=True, text=True, check=False)
    if done.returncode:
        return "\n" + done.stderr.strip()
    if arguments[0] == "pyproject.toml":
        return ""
    missing = names(done.stdout) - names(Path(arguments[0]).read_text())
    return ", ".join(f"{name} is not pinned" for name in sorted(missing))


def names(requirements: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE))


if __name__ == "__main__":
    main()
