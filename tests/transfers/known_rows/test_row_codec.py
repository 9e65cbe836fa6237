"""Verdicts come back from their rows, and hidden counts from their text."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from airflow_provider_dysms.audit.results import HiddenCounts, HiddenCountsPacker, unpack_hidden_counts
from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec

NUMBER = "139" + "00001111"
KEY = PrivacyKey("k" * 32)
VERDICT = Verdict(phone_number=NUMBER, state="delivered", is_final=True, content="a text", carried=("spring",))


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("phone_hash", [None, KEY.phone_hash])
def test_a_packed_group_comes_back_as_the_rows_have_it(content: bool, phone_hash: Callable[[str], str] | None) -> None:
    codec = RowCodec(("campaign",), content=content, phone_hash=phone_hash)
    rows = codec.rows([VERDICT])
    assert len(rows[0]) == len(codec.columns)
    hidden_counts, (verdict,) = codec.unpack(codec.pack(HiddenCounts(further_queries=1, repeated=(2, 3)), rows))
    assert hidden_counts == HiddenCounts(further_queries=1, repeated=(2, 3))
    assert verdict.phone_number == codec.display_number(NUMBER)
    assert (verdict.content, verdict.carried) == ("a text" if content else None, ("spring",))
    assert codec.rows([verdict], from_rows=True) == rows


def test_a_hashed_number_is_not_in_the_rows() -> None:
    codec = RowCodec((), content=True, phone_hash=KEY.phone_hash)
    assert NUMBER not in str(codec.rows([VERDICT]))
    assert "phone_hash" in codec.columns


@pytest.mark.parametrize("count", [0, 1, 15, 16, pytest.param(70_000, marks=pytest.mark.slow)])
def test_hidden_counts_come_back_by_the_position_of_their_first_row(count: int) -> None:
    packer = HiddenCountsPacker()
    for position in range(count):
        packer.add(2 * position, HiddenCounts(edge=position))
    assert unpack_hidden_counts(packer.text()) == {
        2 * position: HiddenCounts(edge=position) for position in range(count)
    }


@pytest.mark.parametrize("packed", ["no base64", "AAAA", ""])
def test_another_text_is_refused(packed: str) -> None:
    with pytest.raises((ValueError, zlib.error)):
        unpack_hidden_counts(packed)
