"""Requests to STS over HTTPS use the CA and the proxy of the connection, and fail if the certificate is not valid."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.network.fronts import PROXY_PASSWORD, PROXY_USER, certificates, proxy

from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsTransportError

__all__ = ["certificates", "proxy"]

TODAY = dates.beijing_day(datetime.now(UTC))
NUMBER = "139" + "00001111"

Connect = Callable[..., DysmsHook]


@pytest.mark.parametrize("auth_type", ["ram_role_arn", "oidc_role_arn", "credentials_uri"])
def test_keys_come_through_the_proxy_and_by_the_private_ca(
    connect: Connect,
    stand_in: Any,
    certificates: Path,
    proxy: Any,
    auth_type: str,
) -> None:
    stand_in.use_tls(certificates / "good.pem")
    url = f"http://{PROXY_USER}:{quote(PROXY_PASSWORD, safe='')}@127.0.0.1:{proxy.port}"
    connect(auth_type, ca_bundle=str(certificates / "ca.pem"), proxy=url).query_send_details(NUMBER, TODAY)
    assert len(stand_in.asked) == 1
    assert proxy.seen[0].startswith(f"CONNECT 127.0.0.1:{stand_in.port} ".encode())


@pytest.mark.parametrize("shown", ["another_host", "expired", "self_signed"])
def test_a_certificate_that_does_not_hold_hands_out_no_key(
    connect: Connect,
    stand_in: Any,
    emulator: Emulator,
    certificates: Path,
    shown: str,
) -> None:
    stand_in.use_tls(certificates / f"{shown}.pem")
    hook = connect(ca_bundle=str(certificates / "ca.pem"))
    with pytest.raises(
        DysmsTransportError, match=r"no credentials from ram_role_arn: .* the certificate was not accepted"
    ):
        hook.run(
            lambda client: client.query_send_details(NUMBER, TODAY), retry=RetryPolicy(max_attempts=1, total_time=0)
        )
    assert stand_in.asked == []
    assert emulator.requests() == {}


def test_a_transport_of_httpx_carries_the_questions_to_sts_too(
    connect: Connect,
    stand_in: Any,
    certificates: Path,
) -> None:
    stand_in.use_tls(certificates / "good.pem")
    connect()
    asked = []

    class Counting(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append((request.method, request.url.port))
            return await super().handle_async_request(request)

    hook = DysmsHook(transport=Counting(verify=ssl.create_default_context(cafile=certificates / "ca.pem")))
    hook.query_send_details(NUMBER, TODAY)
    assert asked[0] == ("GET", stand_in.port)
