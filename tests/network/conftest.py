"""Connections that reach the emulator through proxies and TLS, with good and bad certificates."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.network.fronts import Served, certificates, join, proxy, serving

from airflow_provider_dysms.emulator import Emulator

__all__ = ["certificates", "proxy"]


@pytest.fixture
def front(emulator: Emulator, certificates: Path) -> Iterator[Callable[[str], Served]]:
    """Put TLS in front of the emulator, with one of the certificates."""
    with contextlib.ExitStack() as stack:

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            served.seen.append(head)
            await join(reader, writer, (emulator.host, emulator.port), head)

        def start(shown: str) -> Served:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificates / f"{shown}.pem")
            return stack.enter_context(serving(pass_on, tls))

        yield start


@pytest.fixture
def connect(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection ``dysms_default``: the emulator's, with other fields and extras."""

    def define(extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connection = emulator.connection(quota_share=1, timeout=10, **(extra or {}))
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps({**connection, **fields}))

    return define
