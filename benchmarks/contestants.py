"""Ways to ask QuerySendDetails for a page of 50 rows, again and again; a process runs one of them.

Started by engine.py: its arguments are the way, the service's URL, how many requests, how many at a time, the core that
it has for itself, and for HTTPS the certificate to trust. It prints seconds and seconds of CPU as a JSON line, for the
requests alone: imports and the first requests are over by then.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROWS = 50
NUMBER = "139" + "00000000"
KEY, SECRET = "LTAI5tBenchmark", "secret"

#: Requests before the measurement: connections are open then, and code is warm.
FIRST = 100


class Ours:
    """DysmsClient; the budget is larger than what can be asked."""

    async def asker(self, url: str, at_a_time: int, ca: str, stack: AsyncExitStack) -> Callable[[], Awaitable[int]]:
        from airflow_provider_dysms.api.auth.credentials import Credentials
        from airflow_provider_dysms.api.client import DysmsClient
        from airflow_provider_dysms.api.settings import Settings
        from airflow_provider_dysms.model import dates

        parts, day = urlsplit(url), dates.beijing_day(datetime.now(UTC))
        settings = Settings(
            credentials=Credentials(KEY, SECRET),
            host=parts.hostname,
            port=parts.port,
            schema=parts.scheme,
            ca_bundle=ca or None,
            requests_per_second=90_000,
            quota={"QuerySendDetails": 90_000},
        )
        client = await stack.enter_async_context(DysmsClient(settings))

        async def ask() -> int:
            return len(await client.query_send_details(NUMBER, day))

        return ask


def _sdk(url: str, ca: str) -> tuple[Any, Any]:
    from alibabacloud_dysmsapi20170525.client import Client
    from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest
    from alibabacloud_tea_openapi.models import Config

    parts = urlsplit(url)
    config = Config(access_key_id=KEY, access_key_secret=SECRET, endpoint=parts.netloc, protocol=parts.scheme)
    config.ca = ca or None
    day = datetime.now(UTC).strftime("%Y%m%d")
    return Client(config), QuerySendDetailsRequest(phone_number=NUMBER, send_date=day, page_size=ROWS, current_page=1)


class SdkAsync:
    """The vendor's SDK, its async method."""

    async def asker(self, url: str, at_a_time: int, ca: str, stack: AsyncExitStack) -> Callable[[], Awaitable[int]]:
        client, request = _sdk(url, ca)

        async def ask() -> int:
            answer = await client.query_send_details_async(request)
            return len(answer.body.sms_send_detail_dtos.sms_send_detail_dto)

        return ask


class SdkSync:
    """The vendor's SDK, its blocking method in threads."""

    def asker(self, url: str, ca: str) -> Callable[[], int]:
        client, request = _sdk(url, ca)
        return lambda: len(client.query_send_details(request).body.sms_send_detail_dtos.sms_send_detail_dto)


def _signed(host: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return target and headers of a request, signed as the vendor's page shows it, by the standard library."""
    query_string = "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))
    headers = {
        "host": host,
        "x-acs-action": "QuerySendDetails",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n{query_string}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(SECRET.encode(), to_sign.encode(), "sha256").hex()
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={KEY},SignedHeaders={names},Signature={signature}"
    return f"/?{query_string}", headers


class Bare:
    """The fastest client that can be installed, pyreqwest, and nothing around it: no budget, no retry, no checks.

    Each request is signed; of the answer, msgspec makes structs with the times in them.
    """

    async def asker(self, url: str, at_a_time: int, ca: str, stack: AsyncExitStack) -> Callable[[], Awaitable[int]]:
        import msgspec
        from pyreqwest.client import ClientBuilder

        builder = ClientBuilder().max_connections(at_a_time)
        if ca:
            builder = builder.add_root_certificate_pem(Path(ca).read_bytes())  # noqa: ASYNC240 - before anything is measured
        client = await stack.enter_async_context(builder.build())
        host, day = urlsplit(url).netloc, datetime.now(UTC).strftime("%Y%m%d")
        row = msgspec.defstruct(
            "Row",
            [("PhoneNum", str), ("SendStatus", int)]
            + [(name, str | None, None) for name in ("ErrCode", "TemplateCode", "OutId", "Content")]
            + [(name, datetime | None, None) for name in ("SendDate", "ReceiveDate")],
            gc=False,
        )
        rows = msgspec.defstruct("Rows", [("SmsSendDetailDTO", list[row])])  # type: ignore[valid-type]
        decode = msgspec.json.Decoder(
            msgspec.defstruct("Answer", [("Code", str), ("TotalCount", int | str), ("SmsSendDetailDTOs", rows)])
        ).decode

        async def ask() -> int:
            query = {"PhoneNumber": NUMBER, "SendDate": day, "PageSize": str(ROWS), "CurrentPage": "1"}
            target, headers = _signed(host, query)
            response = await client.post(url + target).headers(headers).build().send()
            answer = decode(await response.bytes())
            assert answer.Code == "OK"
            assert int(answer.TotalCount) == ROWS
            return len(answer.SmsSendDetailDTOs.SmsSendDetailDTO)

        return ask


class Http:
    """What HttpOperator does for each page: HttpHook.run, one after the other."""

    def asker(self, url: str, ca: str) -> Callable[[], int]:
        parts = urlsplit(url)
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(
            {"conn_type": "http", "host": parts.hostname, "port": parts.port, "schema": parts.scheme}
        )
        from airflow.providers.http.hooks.http import HttpHook

        from airflow_provider_dysms.api.auth import signing
        from airflow_provider_dysms.api.auth.credentials import Credentials
        from airflow_provider_dysms.api.http.headers import header_fields
        from airflow_provider_dysms.api.protocol import actions
        from airflow_provider_dysms.model import dates

        credentials = Credentials(KEY, SECRET)
        hook = HttpHook(method="POST", http_conn_id="bench")

        def ask() -> int:
            now = datetime.now(UTC)
            call = actions.query_send_details(NUMBER, dates.beijing_day(now), page=1, page_size=ROWS)
            query_string = signing.canonical_query_string(call.query)
            signer = signing.Signer(parts.netloc, call.action, call.version)
            signed = signer.sign(query_string, credentials=credentials, date=now, nonce=os.urandom(16).hex())
            answer = hook.run(f"/?{query_string}", headers=header_fields(signed))
            return len(answer.json()["SmsSendDetailDTOs"]["SmsSendDetailDTO"])

        return ask


class Dlt:
    """dlt's rest_api source: a resource of numbers and one of their pages; unsigned, which is in its favour."""

    def run(self, url: str, requests: int) -> int:
        import dlt
        from dlt.sources.rest_api import rest_api_resources

        numbers = dlt.resource([[{"phone": NUMBER}] * requests], name="numbers")
        endpoint = {
            "path": "/",
            "method": "POST",
            "params": {"Action": "QuerySendDetails", "PhoneNumber": "{resources.numbers.phone}", "PageSize": ROWS},
            "data_selector": "SmsSendDetailDTOs.SmsSendDetailDTO",
            "paginator": "single_page",
        }
        details = {"name": "details", "endpoint": endpoint}
        _, pages = rest_api_resources({"client": {"base_url": url}, "resources": [numbers, details]})
        return sum(1 for _ in pages)


async def _abreast(
    contestant: Ours | SdkAsync | Bare, url: str, requests: int, at_a_time: int, ca: str
) -> tuple[float, float]:
    async with AsyncExitStack() as stack:
        ask = await contestant.asker(url, at_a_time, ca, stack)

        async def work(left: list[int]) -> None:
            while left:
                left.pop()
                assert await ask() == ROWS

        async def all_of(count: int) -> None:
            left = [0] * count
            await asyncio.gather(*(work(left) for _ in range(at_a_time)))

        await all_of(max(FIRST, 2 * at_a_time))
        started, cpu = time.perf_counter(), time.process_time()
        await all_of(requests)
        return time.perf_counter() - started, time.process_time() - cpu


def _in_threads(contestant: SdkSync | Http, url: str, requests: int, at_a_time: int, ca: str) -> tuple[float, float]:
    ask = contestant.asker(url, ca)
    with ThreadPoolExecutor(at_a_time) as pool:
        assert set(pool.map(lambda _: ask(), range(FIRST))) == {ROWS}
        started, cpu = time.perf_counter(), time.process_time()
        assert set(pool.map(lambda _: ask(), range(requests))) == {ROWS}
        return time.perf_counter() - started, time.process_time() - cpu


def _in_a_pipe(contestant: Dlt, url: str, requests: int) -> tuple[float, float]:
    assert contestant.run(url, FIRST) == FIRST * ROWS
    started, cpu = time.perf_counter(), time.process_time()
    assert contestant.run(url, requests) == requests * ROWS
    return time.perf_counter() - started, time.process_time() - cpu


CONTESTANTS = {"ours": Ours, "bare": Bare, "sdk-async": SdkAsync, "sdk-sync": SdkSync, "http": Http, "dlt": Dlt}


def main(name: str, url: str, requests: str, at_a_time: str, core: str, ca: str = "") -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    contestant = CONTESTANTS[name]()
    if isinstance(contestant, Ours | SdkAsync | Bare):
        seconds, cpu = asyncio.run(_abreast(contestant, url, int(requests), int(at_a_time), ca))
    elif isinstance(contestant, SdkSync | Http):
        seconds, cpu = _in_threads(contestant, url, int(requests), int(at_a_time), ca)
    else:
        seconds, cpu = _in_a_pipe(contestant, url, int(requests))
    print(json.dumps({"seconds": seconds, "cpu": cpu}), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
