"""Different clients that query a page of 50 rows of QuerySendDetails again and again; each process runs one of them.

engine.py starts it. Its arguments are the name of the client, the URL of the service, the number of requests, the
number of concurrent requests, the CPU core that is reserved for it, and for HTTPS the certificate to trust. It prints
the seconds and the CPU seconds of the requests as a JSON line, without imports and the first requests.
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

#: Requests before the measurement, which open the connections and warm up the code.
WARM_UP_REQUESTS = 100


class Ours:
    """DysmsClient, with a budget that is never used up."""

    async def query_function(
        self, url: str, concurrency: int, ca: str, stack: AsyncExitStack
    ) -> Callable[[], Awaitable[int]]:
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

        async def query() -> int:
            return len(await client.query_send_details(NUMBER, day))

        return query


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
    """The async method of the vendor's SDK."""

    async def query_function(
        self, url: str, concurrency: int, ca: str, stack: AsyncExitStack
    ) -> Callable[[], Awaitable[int]]:
        client, request = _sdk(url, ca)

        async def query() -> int:
            response = await client.query_send_details_async(request)
            return len(response.body.sms_send_detail_dtos.sms_send_detail_dto)

        return query


class SdkSync:
    """The blocking method of the vendor's SDK, in threads."""

    def query_function(self, url: str, ca: str) -> Callable[[], int]:
        client, request = _sdk(url, ca)
        return lambda: len(client.query_send_details(request).body.sms_send_detail_dtos.sms_send_detail_dto)


def _signed(host: str, parameters: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the target and headers of a request, signed with the standard library as in the vendor's documents."""
    query_string = "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))
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
    """pyreqwest, the fastest client on PyPI, without a budget, retries or checks.

    Each request is signed, and msgspec decodes the response to structs with parsed times.
    """

    async def query_function(
        self, url: str, concurrency: int, ca: str, stack: AsyncExitStack
    ) -> Callable[[], Awaitable[int]]:
        import msgspec
        from pyreqwest.client import ClientBuilder

        builder = ClientBuilder().max_connections(concurrency)
        if ca:
            builder = builder.add_root_certificate_pem(Path(ca).read_bytes())  # noqa: ASYNC240 - before the measurement
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

        async def query() -> int:
            parameters = {"PhoneNumber": NUMBER, "SendDate": day, "PageSize": str(ROWS), "CurrentPage": "1"}
            target, headers = _signed(host, parameters)
            response = await client.post(url + target).headers(headers).build().send()
            response = decode(await response.bytes())
            assert response.Code == "OK"
            assert int(response.TotalCount) == ROWS
            return len(response.SmsSendDetailDTOs.SmsSendDetailDTO)

        return query


class Http:
    """HttpHook.run, which HttpOperator calls for each page, one call after the other."""

    def query_function(self, url: str, ca: str) -> Callable[[], int]:
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

        def query() -> int:
            now = datetime.now(UTC)
            call = actions.query_send_details(NUMBER, dates.beijing_day(now), page=1, page_size=ROWS)
            query_string = signing.canonical_query_string(call.query)
            signer = signing.Signer(parts.netloc, call.action, call.version)
            signed = signer.sign(query_string, credentials=credentials, date=now, nonce=os.urandom(16).hex())
            response = hook.run(f"/?{query_string}", headers=header_fields(signed))
            return len(response.json()["SmsSendDetailDTOs"]["SmsSendDetailDTO"])

        return query


class Dlt:
    """dlt's rest_api source with a resource of numbers and a resource of their pages; unsigned, which saves it time."""

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


async def _run_concurrently(
    contestant: Ours | SdkAsync | Bare, url: str, requests: int, concurrency: int, ca: str
) -> tuple[float, float]:
    async with AsyncExitStack() as stack:
        query = await contestant.query_function(url, concurrency, ca, stack)

        async def work(remaining: list[int]) -> None:
            while remaining:
                remaining.pop()
                assert await query() == ROWS

        async def run_all(count: int) -> None:
            remaining = [0] * count
            await asyncio.gather(*(work(remaining) for _ in range(concurrency)))

        await run_all(max(WARM_UP_REQUESTS, 2 * concurrency))
        started, cpu = time.perf_counter(), time.process_time()
        await run_all(requests)
        return time.perf_counter() - started, time.process_time() - cpu


def _run_in_threads(
    contestant: SdkSync | Http, url: str, requests: int, concurrency: int, ca: str
) -> tuple[float, float]:
    query = contestant.query_function(url, ca)
    with ThreadPoolExecutor(concurrency) as pool:
        assert set(pool.map(lambda _: query(), range(WARM_UP_REQUESTS))) == {ROWS}
        started, cpu = time.perf_counter(), time.process_time()
        assert set(pool.map(lambda _: query(), range(requests))) == {ROWS}
        return time.perf_counter() - started, time.process_time() - cpu


def _run_pipeline(contestant: Dlt, url: str, requests: int) -> tuple[float, float]:
    assert contestant.run(url, WARM_UP_REQUESTS) == WARM_UP_REQUESTS * ROWS
    started, cpu = time.perf_counter(), time.process_time()
    assert contestant.run(url, requests) == requests * ROWS
    return time.perf_counter() - started, time.process_time() - cpu


CONTESTANTS = {"ours": Ours, "bare": Bare, "sdk-async": SdkAsync, "sdk-sync": SdkSync, "http": Http, "dlt": Dlt}


def main(name: str, url: str, requests: str, concurrency: str, core: str, ca: str = "") -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    contestant = CONTESTANTS[name]()
    if isinstance(contestant, Ours | SdkAsync | Bare):
        seconds, cpu = asyncio.run(_run_concurrently(contestant, url, int(requests), int(concurrency), ca))
    elif isinstance(contestant, SdkSync | Http):
        seconds, cpu = _run_in_threads(contestant, url, int(requests), int(concurrency), ca)
    else:
        seconds, cpu = _run_pipeline(contestant, url, int(requests))
    print(json.dumps({"seconds": seconds, "cpu": cpu}), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
