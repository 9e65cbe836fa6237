"""One visitor takes no more than a visitor's part of a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from starlette.testclient import TestClient

from airflow_provider_dysms.plugins.queries.user_slot import PATIENCE, user_slot

#: Requests that one visitor sends at once. If each waited for a place among eight threads, they would take ten times
#: the patience.
REQUESTS = 80


@pytest.mark.slow
def test_a_visitor_who_clicks_without_an_end_leaves_the_threads_to_others(
    make_client: Callable[..., TestClient],
) -> None:
    client = make_client(user="greedy")

    async def click() -> list[int]:
        transport = httpx.ASGITransport(app=client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver/dysms/", timeout=60) as browser:
            answers = await asyncio.gather(*(browser.get("report") for _ in range(REQUESTS)))
        return [answer.status_code for answer in answers]

    with user_slot("greedy"):
        began = time.monotonic()
        assert asyncio.run(click()) == [409] * REQUESTS
        assert time.monotonic() - began < REQUESTS / 8 * PATIENCE / 2
    assert client.get("report").status_code == 200
