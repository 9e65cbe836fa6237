"""Values come back by their number, in the order in which they were put, without much memory."""

from __future__ import annotations

from airflow_provider_dysms.storage.disk_index import DiskIndex


def test_values_come_back_in_order():
    with DiskIndex() as index:
        index.put([(7, b"first"), (-(2**63), b"lowest"), (2**63 - 1, b"")])
        index.put((number, b"x") for number in range(1_000))
        assert index.get(7) == [b"first", b"x"]
        assert index.get(-(2**63)) == [b"lowest"]
        assert index.get(2**63 - 1) == [b""]
        assert index.get(-1) == []


def test_an_empty_index_has_nothing():
    with DiskIndex() as index:
        assert index.get(0) == []
        index.put([])
        assert index.get(0) == []
