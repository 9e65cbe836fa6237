"""Messages on a pipe come whole or not at all."""

from __future__ import annotations

import io

import pytest

from airflow_provider_dysms.plugins.queries.frames import pack, read_message, unpack


def test_a_message_is_unpacked_when_it_is_whole() -> None:
    packed = pack({"a": "é"})
    assert [unpack(packed[:end]) for end in range(len(packed))] == [None] * len(packed)
    assert unpack(packed) == {"a": "é"}
    with pytest.raises(ValueError, match="JSON"):
        unpack(pack({"a": 1})[:4] + b"{{{{{{{")


def test_a_stream_gives_one_message_after_the_other() -> None:
    stream = io.BytesIO(pack({"a": 1}) + pack({"b": 2}))
    assert [read_message(stream, 100) for _ in range(3)] == [b'{"a":1}', b'{"b":2}', None]


def test_a_message_that_is_too_long_or_cut_off_is_not_taken() -> None:
    assert read_message(io.BytesIO(pack({"a": "x" * 100})), 100) is None
    assert read_message(io.BytesIO(pack({"a": 1})[:-1]), 100) is None
