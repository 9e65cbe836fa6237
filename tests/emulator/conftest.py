"""Fixtures that call the emulator: with the official SDKs, over a raw socket, and over its admin path."""

from __future__ import annotations

import gc
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_dysmsapi20170525.client import Client as ChinaClient
from alibabacloud_dysmsapi20180501.client import Client as GlobeClient
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from airflow_provider_dysms.emulator import Emulator

NUMBER = "13900000000"
CHINA, GLOBE = "2017-05-25", "2018-05-01"


@pytest.fixture(scope="session")
def dysms_options() -> tuple[str, ...]:
    """The tests of this folder share an emulator with default options."""
    return ()


@pytest.fixture(autouse=True)
def _away_from_midnight(request: pytest.FixtureRequest) -> None:
    """Move the clock away from Beijing midnight, so that no day ends between a send and its query.

    Ten minutes are within the clock skew that the emulator allows.
    """
    if "emulator" in request.fixturenames:
        emulator = request.getfixturevalue("emulator")
        to_midnight = -(emulator.now().timestamp() + 8 * 3600) % 86_400
        if min(to_midnight, 86_400 - to_midnight) < 300:
            emulator.advance(600 if to_midnight > 300 else -600)


@pytest.fixture
def today(emulator: Emulator) -> Callable[..., str]:
    """The emulator's Beijing day in the form of the API, or some days before it."""

    def day(days_back: int = 0) -> str:
        beijing = emulator.now().astimezone(timezone(timedelta(hours=8)))
        return (beijing - timedelta(days=days_back)).strftime("%Y%m%d")

    return day


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore the warnings about sockets that the SDKs never close."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "sdk_garbage" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="module")
def frozen_garbage() -> Iterator[None]:
    """Hide all existing objects from the garbage collector, which would need a second to look at them."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def sdk_garbage(frozen_garbage: None) -> Iterator[None]:
    """Collect the sockets that the SDKs left open while the warnings about them are ignored."""
    yield
    gc.collect()


@pytest.fixture
def config(emulator: Emulator, sdk_garbage: None) -> Callable[..., Config]:
    """Return a configuration of the SDKs for the emulator, with some changes."""

    def make(**changes: Any) -> Config:
        base = {
            "access_key_id": emulator.access_key_id,
            "access_key_secret": emulator.access_key_secret,
            "endpoint": f"{emulator.host}:{emulator.port}",
            "protocol": "http",
        }
        return Config(**(base | changes))

    return make


@pytest.fixture
def sts(emulator: Emulator) -> dict[str, str]:
    key = emulator.sts
    return {
        "access_key_id": key.access_key_id,
        "access_key_secret": key.access_key_secret,
        "security_token": str(key.security_token),
    }


@pytest.fixture
def china(config: Callable[..., Config]) -> ChinaClient:
    return ChinaClient(config())


@pytest.fixture
def international(emulator: Emulator) -> dict[str, str]:
    """The key of the international account, as arguments of the SDKs."""
    key = emulator.international
    return {"access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}


@pytest.fixture
def globe(config: Callable[..., Config], international: dict[str, str]) -> GlobeClient:
    return GlobeClient(config(**international))


@pytest.fixture
def legacy(emulator: Emulator, sdk_garbage: None) -> Callable[..., bytes]:
    """Send a request with the older SDK, signed with HMAC-SHA1 and the key of the version's site.

    By default it is a GET request with all parameters in the query.
    """

    def send(version: str, action: str, parameters: dict[str, Any], **options: Any) -> bytes:
        key = emulator if version == "2017-05-25" else emulator.international
        client = AcsClient(
            options.get("access_key_id", key.access_key_id),
            options.get("access_key_secret", key.access_key_secret),
            "cn-hangzhou",
        )
        request = CommonRequest(domain=f"{emulator.host}:{emulator.port}", version=version, action_name=action)
        request.set_protocol_type("http")
        request.set_method(options.get("method", "GET"))
        request.set_accept_format(options.get("form", "JSON"))
        for name, value in parameters.items():
            (request.add_body_params if options.get("in_body") else request.add_query_param)(name, value)
        # The other method of the SDK always requests JSON.
        return client.do_action(request) if "form" in options else client.do_action_with_exception(request)

    return send


class RawResponse:
    """A response that was read from a raw socket."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def exchange(emulator: Emulator) -> Callable[[bytes], RawResponse]:
    """Send bytes over a new connection; return the response."""

    def send(request: bytes) -> RawResponse:
        with socket.create_connection((emulator.host, emulator.port), timeout=10) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection, method=request.split(b" ", 1)[0].decode())
            with response:
                response.begin()
                return RawResponse(response.status, response.headers, response.read())

    return send


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "signing-vectors.json").read_text("utf-8"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        metafunc.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])


@pytest.fixture
def wire() -> Callable[[dict[str, Any]], bytes]:
    """Return the bytes of a captured request."""

    def encode(vector: dict[str, Any]) -> bytes:
        head = [vector["request_line"], *(f"{name}: {value}" for name, value in vector["headers"])]
        return "\r\n".join([*head, "", ""]).encode() + vector["body"].encode()

    return encode


@pytest.fixture
def replay(
    emulator: Emulator, exchange: Callable[[bytes], RawResponse], wire: Callable[..., bytes]
) -> Callable[[dict[str, Any]], RawResponse]:
    """Send a captured request as if it had not been sent before."""

    def send(vector: dict[str, Any]) -> RawResponse:
        emulator.reset("requests")
        return exchange(wire(vector))

    return send


@pytest.fixture
def signed_request(emulator: Emulator, wire: Callable[..., bytes]) -> Callable[[], bytes]:
    """Return a captured QueryMessage request that the emulator accepts."""
    [vector] = [each for each in VECTORS if each["name"].startswith("09-")]
    emulator.set_clock(datetime.fromisoformat(vector["date"]))
    emulator.add_account(**vector["credentials"])
    return lambda: wire(vector)


@pytest.fixture
def details(legacy: Callable[..., bytes], today: Callable[..., str]) -> Callable[..., Any]:
    """Query the details of NUMBER on a day, ``days_back`` days before today."""

    def query(days_back: int = 0, **changes: Any) -> Any:
        parameters = {"PhoneNumber": NUMBER, "SendDate": today(days_back), "PageSize": 50, "CurrentPage": 1} | changes
        return json.loads(legacy(CHINA, "QuerySendDetails", parameters))

    return query


@pytest.fixture
def row(details: Callable[..., Any]) -> Callable[..., Any]:
    """Query the details of NUMBER; return the only row of the response."""

    def only(**changes: Any) -> Any:
        [found] = details(**changes)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return found

    return only


@pytest.fixture
def report(legacy: Callable[..., bytes]) -> Callable[[str], Any]:
    """Query a message by its id."""
    return lambda message_id: json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": message_id}))


@pytest.fixture
def http_post(emulator: Any) -> Callable[..., tuple[int, bytes]]:
    """Send a POST request; return the status and the body of the response."""

    def post(path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(emulator.host, emulator.port, timeout=10)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"} | headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    return post


@pytest.fixture
def admin_path(emulator: Any) -> str:
    """The admin path with its token."""
    return str(emulator.admin_url.removeprefix(emulator.url))
