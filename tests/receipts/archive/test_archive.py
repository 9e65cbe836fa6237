"""Archived requests and bare bodies are read line by line."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime

import pytest

from airflow_provider_dysms.receipts.archive.archive import Archive

REPORT = json.dumps([{"phone_number": "139" + "00000001", "success": True, "biz_id": "9007^0"}])
REQUEST = json.dumps({"content_type": "application/json; charset=utf-8", "body": REPORT})


@pytest.mark.parametrize("line", [REPORT, REQUEST])
@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_file_may_begin_with_a_byte_order_mark(line: str, is_gzip: bool) -> None:
    content = f"\ufeff{line}\n{line}\n".encode()
    archive = Archive(datetime.now(UTC))
    file = io.BytesIO(gzip.compress(content) if is_gzip else content)
    assert [receipt.biz_id for receipt in archive.read([("a.jsonl", file)])] == ["9007^0"] * 2
    assert not archive.counts.rejected
