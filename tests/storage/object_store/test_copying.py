"""A copy to this machine is complete, and a full disk is not reported as an error of the store."""

from __future__ import annotations

import errno
import io

import pytest

from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.storage.object_store.copying import CHUNK_BYTES, copy_to_temporary


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_a_copy_is_complete(size: int) -> None:
    target = io.BytesIO()
    copy_to_temporary(io.BytesIO(b"x" * size), target)
    assert target.getvalue() == b"x" * size


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, "broken")

    def write(self, content: object) -> int:
        raise OSError(errno.ENOSPC, "full")


def test_only_an_error_of_writing_is_this_machines() -> None:
    with pytest.raises(DysmsStorageError, match=r"^the folder for temporary files, .*, cannot be used \(full\)"):
        copy_to_temporary(io.BytesIO(b"x"), Broken())
    with pytest.raises(OSError, match="broken"):
        copy_to_temporary(Broken(), io.BytesIO())
