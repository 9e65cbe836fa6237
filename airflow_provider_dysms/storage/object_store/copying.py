"""Copies a stored file into a temporary file of this machine, and tells whose error an error is."""

from __future__ import annotations

from typing import IO

from airflow_provider_dysms.storage.object_store.store_errors import translate_temporary_errors

#: Bytes that are copied at once.
CHUNK_BYTES = 1 << 20


def copy_to_temporary(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a stored file to a temporary file, and report an error of writing as this machine's, not the store's."""
    while chunk := source.read(CHUNK_BYTES):
        with translate_temporary_errors():
            target.write(chunk)
