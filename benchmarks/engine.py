"""Signed QuerySendDetails of a full page, requests a second: ours against httpx and the vendor's async SDK.

All ask the same emulator in the same run, in turns, 64 at a time; what counts is the ratio. `make bench`.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest
from alibabacloud_tea_openapi.models import Config

from airflow_provider_dysms.api import actions, dates, signing
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.credentials import Credentials
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NUMBER, ROWS, REQUESTS, AT_ONCE, ROUNDS = "13900000000", 50, 1500, 64, 5
NOW = datetime.now(UTC)
DAY = dates.beijing_day(NOW)


def main() -> None:
    with Emulator.start() as emulator:
        emulator.quotas(QuerySendDetails=1_000_000)
        sent = [(NOW - timedelta(seconds=1)).isoformat()] * ROWS
        emulator.add_messages([{"phone_number": NUMBER, "sent_at": sent_at} for sent_at in sent])
        peers = {"ours": ours, "httpx": with_httpx, "SDK async": with_sdk}
        rates: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(ROUNDS):
            for name, peer in peers.items():
                rates[name].append(asyncio.run(peer(emulator)))
        first = statistics.median(rates["ours"])
        for name, measured in rates.items():
            rate = statistics.median(measured)
            print(f"{name:<10} {rate:>7,.0f} requests/s   ours is {first / rate:.1f} x as fast")


async def rate_of(ask: Callable[[], Awaitable[int]]) -> float:
    """Return requests a second; every answer must have the whole page."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            assert await ask() == ROWS

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(REQUESTS)))
    return REQUESTS / (time.perf_counter() - started)


async def ours(emulator: Emulator) -> float:
    async with DysmsClient(
        Settings(
            credentials=Credentials(emulator.access_key_id, emulator.access_key_secret),
            host=emulator.host,
            port=emulator.port,
            requests_per_second=90_000,
            quota={"QuerySendDetails": 90_000},
        )
    ) as client:

        async def ask() -> int:
            return len(await client.query_send_details(NUMBER, DAY))

        return await rate_of(ask)


async def with_httpx(emulator: Emulator) -> float:
    credentials = Credentials(emulator.access_key_id, emulator.access_key_secret)
    call = actions.query_send_details(NUMBER, DAY, page=1, page_size=ROWS)
    query_string = signing.canonical_query_string(call.query)
    url = f"{emulator.url}/?{query_string}"
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=AT_ONCE)) as client:

        async def ask() -> int:
            headers = signing.sign(
                method="POST",
                host=f"{emulator.host}:{emulator.port}",
                action=call.action,
                version=call.version,
                query_string=query_string,
                body=b"",
                content_type=None,
                credentials=credentials,
                date=datetime.now(UTC),
                nonce=uuid.uuid4().hex,
            )
            answer = await client.post(url, headers=headers)
            return len(actions.parse_send_details(answer.json()).records)

        return await rate_of(ask)


async def with_sdk(emulator: Emulator) -> float:
    client = Client(
        Config(
            access_key_id=emulator.access_key_id,
            access_key_secret=emulator.access_key_secret,
            endpoint=f"{emulator.host}:{emulator.port}",
            protocol="http",
        )
    )
    request = QuerySendDetailsRequest(
        phone_number=NUMBER, send_date=dates.wire_day(DAY), page_size=ROWS, current_page=1
    )

    async def ask() -> int:
        answer = await client.query_send_details_async(request)
        return len(answer.body.sms_send_detail_dtos.sms_send_detail_dto)

    return await rate_of(ask)


if __name__ == "__main__":
    main()
