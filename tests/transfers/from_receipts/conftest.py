from __future__ import annotations

from typing import Any

import pytest
from support.receipted_day import ReceiptedDay


@pytest.fixture
def day(attempts: Any) -> ReceiptedDay:
    return ReceiptedDay(attempts)
