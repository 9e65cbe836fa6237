"""Finds Chromium, or installs Debian's package, for `make browser`; prints its path."""

from __future__ import annotations

import shutil

from temporary_server import install_package

NAME = "chromium"


def find_chromium() -> str:
    """Return the path of Chromium; install Debian's package if it is missing.

    :raises FileNotFoundError: it is missing, and this machine does not run Debian or this user is not root
    """
    if path := shutil.which(NAME):
        return path
    install_package(NAME)
    return find_chromium()


if __name__ == "__main__":
    print(find_chromium())
