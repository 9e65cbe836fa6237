"""The wait of a later try of a send: until an instant, whatever was stored."""

from __future__ import annotations

import asyncio
import pydoc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.triggers.send import DysmsSendTrigger


def event_of(trigger: Any) -> Any:
    async def first() -> Any:
        async for event in trigger.run():
            return event.payload

    return asyncio.run(first())


def test_it_waits_until_the_instant_and_says_when_the_try_began() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=0.5)
    classpath, kwargs = DysmsSendTrigger(moment=moment.isoformat(), began="2026-11-28T00:00:00+00:00").serialize()
    trigger: Any = pydoc.locate(classpath)
    assert event_of(trigger(**kwargs)) == {"began": "2026-11-28T00:00:00+00:00"}
    assert datetime.now(UTC) >= moment


@pytest.mark.parametrize("moment", [None, 7, "soon", "2026-11-28", [], "2026-11-28T00:00:00"])
def test_what_cannot_be_read_ends_the_wait(moment: Any) -> None:
    assert event_of(DysmsSendTrigger(moment=moment, later="unknown")) == {"began": None}
