"""Proxies that give a request the response of another one: every result is still correct, over both engines."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from support.network.wire import engine

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsError, DysmsMismatched, DysmsNotFound

pytestmark = pytest.mark.slow

__all__ = ["engine"]

DAY = dates.beijing_day(datetime.now(UTC))
NUMBERS = [f"139{place:08}" for place in range(60)]
SHORT_WAITS = RetryPolicy(wait_initial=0.01)

_ASKED = re.compile(rb"PhoneNumber=(\d+)|MessageId=(\d+)")


class Front:
    """Knows of every second number one message, and of every second message id; does something wrong with responses.

    :param wrong: how often, 0 to 1
    :param other_id: a response that comes too often has a request id of its own
    """

    def __init__(self, wrong: float = 0.1, *, other_id: bool = False) -> None:
        self.wrong = wrong
        self.other_id = other_id
        self.chance = random.Random(7)
        self.connections = 0
        self.asked: list[bytes] = []
        self._ids = 0
        self._held: tuple[bytes, asyncio.Future[bytes]] | None = None

    def honest(self, head: bytes) -> bytes:
        asked = _ASKED.search(head)
        assert asked is not None
        self.asked.append(asked[0])
        if asked[1]:
            number = asked[1].decode()
            at = f"{DAY} 00:00:01"
            rows = [{"PhoneNum": number, "SendStatus": 1, "SendDate": at}] if int(number) % 2 else []
            payload: dict[str, Any] = {"TotalCount": len(rows), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}
        elif int(asked[2]) % 2:
            payload = {"MessageId": asked[2].decode(), "Status": "1", "ResponseCode": "OK"}
        else:
            payload = {"ResponseCode": "DATA_NOT_EXIST"}
        payload.setdefault("Code", payload.get("ResponseCode", "OK"))
        return self.wire(payload)

    def wire(self, payload: dict[str, Any]) -> bytes:
        self._ids += 1
        body = json.dumps(payload | {"RequestId": f"id-{self._ids:06}"}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    def again(self, response: bytes) -> bytes:
        if not self.other_id:
            return response
        return self.wire(json.loads(response.partition(b"\r\n\r\n")[2]))

    def strikes(self) -> bool:
        return self.chance.random() < self.wrong

    # The ways to be wrong: each carries one connection.

    async def repeating(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A response comes again, 0 to 4 ms late."""
        loop = asyncio.get_running_loop()
        while head := await reader.readuntil(b"\r\n\r\n"):
            response = self.honest(head)
            writer.write(response)
            if self.strikes():
                loop.call_later(self.chance.random() * 0.004, writer.write, self.again(response))

    async def repeating_at_once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A response comes twice in one segment."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            response = self.honest(head)
            writer.write(response + (self.again(response) if self.strikes() else b""))

    async def lagging(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From some request on, each gets the response of the one before; its own comes a little later."""
        loop = asyncio.get_running_loop()
        previous, is_behind = b"", False
        while head := await reader.readuntil(b"\r\n\r\n"):
            response = self.honest(head)
            if previous and not is_behind and self.strikes():
                is_behind = True
                writer.write(self.again(previous))
            previous = response
            if is_behind:
                loop.call_later(0.002, writer.write, response)
            else:
                writer.write(response)

    async def eager(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Some connections begin with a response to nothing."""
        if self.strikes():
            writer.write(self.wire({"Code": "OK", "TotalCount": 0, "SmsSendDetailDTOs": {"SmsSendDetailDTO": []}}))
        while head := await reader.readuntil(b"\r\n\r\n"):
            writer.write(self.honest(head))

    async def swapping(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Two connections get each other's response."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            response = self.honest(head)
            if self._held is not None:
                theirs, waiting = self._held
                self._held = None
                waiting.set_result(response)
                response = theirs
            elif self.strikes():
                waiting = asyncio.get_running_loop().create_future()
                self._held = response, waiting
                done, _ = await asyncio.wait([waiting], timeout=0.02)
                if done:
                    response = waiting.result()
                else:
                    self._held = None
            writer.write(response)

    async def constant(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every response has the same request id."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            self._ids = 0
            writer.write(self.honest(head))


@asynccontextmanager
async def serving(front: Front, way: str) -> AsyncIterator[int]:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front.connections += 1
        try:
            await getattr(front, way)(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def client_of(engine: str, port: int) -> AsyncIterator[DysmsClient]:
    settings = Settings(
        credentials=Credentials("LTAI5tFake", "secret"), host="127.0.0.1", port=port, quota_share=1, timeout=5
    )
    transport = None if engine == "own" else httpx.AsyncHTTPTransport()
    async with DysmsClient(settings, retry=SHORT_WAITS, transport=transport) as client:
        yield client


async def details(client: DysmsClient, number: str) -> bool:
    return bool(await client.query_send_details(number, DAY))


async def message(client: DysmsClient, message_id: str) -> bool:
    try:
        return bool((await client.query_message(message_id)).message_id)
    except DysmsNotFound:
        return False


async def ask(
    engine: str, front: Front, way: str, query: Callable[..., Any], abreast: int = 16, count: int = len(NUMBERS)
) -> list[str]:
    """Query ``count`` numbers; return the outcome of each: right, the class of an error, or SILENT."""
    gate = asyncio.Semaphore(abreast)

    async def one(client: DysmsClient, number: str) -> str:
        async with gate:
            try:
                found = await query(client, number)
            except DysmsError as error:
                return type(error).__name__
        return "right" if found == bool(int(number) % 2) else "SILENT"

    async with serving(front, way) as port, client_of(engine, port) as client:
        return await asyncio.gather(*(one(client, number) for number in NUMBERS[:count]))


@pytest.mark.parametrize("way", ["repeating", "repeating_at_once", "lagging", "eager"])
def test_a_response_too_many_is_never_taken_for_an_answer(engine: str, way: str) -> None:
    """Side by side: nearly all of the time is waited for silence."""
    cases = list(itertools.product((False, True), (details, message), (4, 16)))

    async def session() -> list[list[str]]:
        fronts = [Front(wrong=0.2, other_id=other_id) for other_id, _, _ in cases]
        return await asyncio.gather(
            *(ask(engine, front, way, query, abreast) for front, (_, query, abreast) in zip(fronts, cases, strict=True))
        )

    # A response about another message is refused for its content, and its request is sent again on a new connection.
    # httpx cannot be told to open one: the next connection of its pool may be behind as well, three times in a row.
    refused = {"DysmsMismatched"} if engine == "own" else {"DysmsMismatched", "DysmsIncomplete"}
    for case, ends in zip(cases, asyncio.run(session()), strict=True):
        assert set(ends) <= {"right", *refused}, case
        assert ends.count("right") > 0.9 * len(ends), case


@pytest.mark.parametrize("query", [details, message])
def test_responses_that_are_exchanged_between_connections_are_never_taken_for_answers(
    engine: str, query: Callable[..., Any]
) -> None:
    """A response that names its subject proves itself; other requests of that time are sent again, or refused."""
    ends = asyncio.run(ask(engine, Front(wrong=0.03), "swapping", query))
    assert set(ends) <= {"right", "DysmsMismatched", "DysmsIncomplete"}
    assert ends.count("right") > len(ends) / 2


def test_a_constant_request_id_is_found_out_and_told_once(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    front = Front()
    count = 20
    assert asyncio.run(ask(engine, front, "constant", details, 1, count)) == ["right"] * count
    assert len([record for record in caplog.records if "the same request id" in record.message]) == 1
    assert len(front.asked) <= count + 3


def test_a_send_whose_response_may_be_another_ones_is_uncertain_and_not_sent_again(engine: str) -> None:
    sent = 0

    class Sending(Front):
        def honest(self, head: bytes) -> bytes:
            nonlocal sent
            sent += b"SendSms" in head
            return self.wire({"Code": "OK", "BizId": f"biz-{sent}"})

    async def session() -> None:
        front = Sending(wrong=1.0, other_id=True)
        async with serving(front, "repeating") as port, client_of(engine, port) as client:
            await client.send_sms(["139" + "00000001"], "示例", "SMS_1")

    with pytest.raises(DysmsMismatched):
        asyncio.run(session())
    assert sent == 1
