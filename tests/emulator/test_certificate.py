"""An emulator over TLS: our hook and the official SDKs reach it, and a client that does not trust it does not."""

from __future__ import annotations

import http.client
import ssl
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_dysmsapi20170525 import models as china_models
from alibabacloud_dysmsapi20170525.client import Client as ChinaClient
from alibabacloud_tea_openapi.models import Config
from cryptography import x509

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.certificate import SERVICE_NAMES, write_certificate
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsTransportError

pytestmark = pytest.mark.slow

NUMBER = "139" + "00000000"


@pytest.fixture(scope="module")
def secure() -> Iterator[Emulator]:
    with Emulator.start("--tls") as started:
        yield started


def test_the_connection_that_it_prints_works(secure: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", secure.connection_json())
    secure.reset()
    secure.add_message(phone_number=NUMBER)
    today = dates.beijing_day(datetime.now(UTC))
    assert len(DysmsHook().query_send_details(NUMBER, today)) == 1
    assert secure.url.startswith("https://127.0.0.1:")


def test_a_client_that_does_not_trust_its_authority_sends_nothing(
    secure: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", secure.connection_json(ca_bundle=""))
    secure.reset()
    with pytest.raises(DysmsTransportError, match="the certificate was not accepted"):
        DysmsHook().query_message("1")
    assert secure.requests() == {}


def test_an_official_sdk_reaches_it(secure: Emulator, sdk_garbage: None) -> None:
    secure.reset()
    config = Config(
        access_key_id=secure.access_key_id,
        access_key_secret=secure.access_key_secret,
        endpoint=f"{secure.host}:{secure.port}",
        ca=secure.ca_bundle,
    )
    request = china_models.SendSmsRequest(phone_numbers=NUMBER, sign_name="示例", template_code="SMS_1")
    assert ChinaClient(config).send_sms(request).body.code == "OK"


def test_it_ends_at_once_and_silently_while_a_client_keeps_its_connection(capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator.start("--tls") as emulator:
        kept = http.client.HTTPSConnection(
            emulator.host, emulator.port, context=ssl.create_default_context(cafile=emulator.ca_bundle)
        )
        kept.request("GET", "/")
        kept.getresponse().read()
        assert emulator.stop() == 0
    kept.close()
    assert capfd.readouterr().err == ""


def test_other_clients_reach_it_with_the_file_of_the_authority(secure: Emulator) -> None:
    context = ssl.create_default_context(cafile=secure.ca_bundle)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(secure.url, context=context)
    with caught.value as answer:
        assert answer.status == 400


def test_the_certificate_passes_the_strict_verification_of_newer_pythons(tmp_path: Path) -> None:
    ca, own = write_certificate(tmp_path, "127.0.0.2")
    found = x509.load_pem_x509_certificate(own.read_bytes())
    names: Any = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {*SERVICE_NAMES, "localhost"} == set(names.get_values_for_type(x509.DNSName))
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "127.0.0.2", "::1"}
    found.verify_directly_issued_by(x509.load_pem_x509_certificate(ca.read_bytes()))
    assert b"PRIVATE" not in ca.read_bytes()
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    client = ssl.create_default_context(cafile=ca)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(own)
    assert handshake(client, server, "dysmsapi.aliyuncs.com")


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    """Let two contexts shake hands in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[Any] = set()
    for _ in range(10):
        for side in (one, other):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    return len(done) == 2
