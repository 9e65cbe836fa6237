"""No call to a store and no read of its files waits for ever, and every way to read a file translates its errors."""

from __future__ import annotations

import gzip
import io
import threading
from contextlib import nullcontext
from functools import partial

import pyarrow.parquet as pq
import pytest
from aiohttp import ClientPayloadError

from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.storage.object_store.store_errors import translate_errors
from airflow_provider_dysms.storage.object_store.timeouts import call_within, guarded_file


def test_a_call_that_does_not_return_is_given_up() -> None:
    forever = threading.Event()
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.01 seconds"):
        call_within(0.01, forever.wait)
    forever.set()
    assert call_within(60, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        call_within(60, divmod, 7, 0)
    assert call_within(None, threading.current_thread) is threading.current_thread()


class Torn(io.BytesIO):
    """A file whose end cannot be read."""

    def __init__(self, content: bytes, good: int) -> None:
        super().__init__(content)
        self._good = good

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._good:
            raise ClientPayloadError("cut")
        return super().read(min(size or 0, self._good - self.tell()))


ERRORS = partial(translate_errors, "sent_uri", "cannot be read", "s3://b/k", "look")


@pytest.mark.parametrize("seconds", [None, 60])
def test_every_way_of_reading_a_file_is_guarded(seconds: float | None) -> None:
    content = gzip.compress(bytes(range(256)) * 1000, 0)
    for read in (
        lambda file: file.read(),
        lambda file: file.read(len(content)),
        lambda file: file.readinto(bytearray(len(content))),
        list,
        lambda file: gzip.GzipFile(fileobj=file).read(),
        lambda file: io.TextIOWrapper(file, "latin-1").read(),
        lambda file: (file.seek(-8, io.SEEK_END), file.read()),
        lambda file: pq.ParquetFile(file),
    ):
        whole = guarded_file(io.BytesIO(content), ERRORS, seconds)
        torn = guarded_file(Torn(content, 200_000), ERRORS, seconds)
        with pytest.raises(DysmsStorageError, match=r"^sent_uri cannot be read: s3://b/k \(ClientPayloadError\)"):
            read(torn)
        assert whole.read() == content


def test_closing_closes_the_file_below() -> None:
    below = io.BytesIO(b"content")
    with guarded_file(below, nullcontext, None) as file:
        assert file.read(3) == b"con"
        assert file.tell() == 3
    assert below.closed
