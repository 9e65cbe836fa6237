"""Writes a page to a file of this machine."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder


def write_html(file: str, page: str) -> None:
    """Write a page as a whole: a browser never sees half of it.

    :param file: the argument ``--html``
    :param page: HTML
    :raises DysmsInputError: the file cannot be written
    """
    path = Path(file).absolute()
    try:
        LocalFolder(path.parent).write(path.name, page.encode())
    except OSError as error:
        raise DysmsInputError("html", f"cannot be written: {error.strerror}") from None
