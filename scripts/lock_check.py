"""Resolves our pins, and our package without them, for every Python that is supported, on Linux: `make lock-check`.

Nothing is installed. A pin counts when the index has a wheel of it for that Python, so that no compiler is needed; the
pins must be the whole answer, with no package beside them.
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

#: Pure Python that its authors publish as source only, or did when the oldest pins were made.
SOURCE = ("alibabacloud-endpoint-util", "alibabacloud-tea")
OLD_SOURCE = (*SOURCE, "alibabacloud-credentials-api", "alibabacloud-gateway-spi", "aliyun-python-sdk-core")

#: What is checked, what uv resolves for it, and what has no wheel there.
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
        sys.exit("Some of it does not resolve. make lock writes new pins.")


def check(name: str, python: str) -> str:
    """Return what is wrong when the check is resolved for ``python``, empty if nothing is."""
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
