"""The search finds a canary in every spelling and under every layer, and nothing in a place that has none."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import urllib.parse
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet
from support.privacy.canaries import Canaries
from support.privacy.hiding_places import layers

PLANTED = Canaries()
NUMBER, FOREIGN = PLANTED.number("n"), PLANTED.foreign("f")
TEXT, SECRET = PLANTED.text("t"), PLANTED.secret("s")
OTHERS = [PLANTED.number("another"), PLANTED.text("another"), PLANTED.secret("another")]
NAMES = {"number n": NUMBER, "foreign f": FOREIGN, "text t": TEXT, "secret s": SECRET}

EVERY_KIND = {
    "plain": str.encode,
    "GBK": lambda value: value.encode("gbk"),
    "UTF-16": lambda value: value.encode("utf-16"),
    "JSON": lambda value: json.dumps({"a": value}).encode(),
    "JSON in JSON": lambda value: json.dumps(json.dumps([value])).encode(),
    "escaped throughout": lambda value: "".join(f"\\u{ord(each):04x}" for each in value).encode(),
    "repr of bytes": lambda value: repr(value.encode()).encode(),
    "repr of GBK": lambda value: repr(value.encode("gbk")).encode(),
    "URL": lambda value: urllib.parse.quote(value).encode(),
    "URL throughout": lambda value: "".join(f"%{each:02X}" for each in value.encode()).encode(),
    "URL twice": lambda value: urllib.parse.quote(urllib.parse.quote(value)).encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "HEX of GBK": lambda value: value.encode("gbk").hex().upper().encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64, one before": lambda value: base64.b64encode(b"x" + value.encode()),
    "base64, two before": lambda value: base64.urlsafe_b64encode(b"xy" + value.encode() + b"z"),
    "backwards": lambda value: value[::-1].encode(),
    "HTML": lambda value: "".join(f"&#{ord(each)};" for each in value).encode(),
}
NUMBERS_ONLY = {
    "written": lambda number: f"+86 {number[-11:-8]}-{number[-8:-4]}-{number[-4:]}".encode(),
    "with 0086 and dots": lambda number: f"0086{number[-11:-8]}.{number[-8:-4]}.{number[-4:]}".encode(),
    "written, in a URL": lambda number: f"%2B49%20{number[-11:-8]}%20{number[-8:-4]}%20{number[-4:]}".encode(),
    "written, in base64": lambda number: base64.b64encode(f"{number[-11:-8]} {number[-8:-4]} {number[-4:]}".encode()),
    "a float": lambda number: str(float(number)).encode(),
    "full-width": lambda number: number.translate({48 + digit: 0xFF10 + digit for digit in range(10)}).encode(),
    "SHA-256 without a key": lambda number: hashlib.sha256(number.encode()).hexdigest().encode(),
    "MD5 with 86": lambda number: hashlib.md5(b"+86" + number.encode()).hexdigest().upper().encode(),
}
AIRFLOWS, SOMEBODYS = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())


def parquet(content: bytes) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"column": [content.decode()]}), file, compression="zstd")
    return file.getvalue()


LAYERS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib in base64": lambda content: b'{"known": "' + base64.b64encode(zlib.compress(content)) + b'"}',
    "gzip in base64": lambda content: base64.urlsafe_b64encode(gzip.compress(content)),
    "Parquet": parquet,
    "by Airflow's key": lambda content: b'"' + AIRFLOWS.encrypt(content) + b'"',
    "several": lambda content: gzip.compress(AIRFLOWS.encrypt(base64.b64encode(zlib.compress(content)))),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", EVERY_KIND)
def test_everything_is_found_however_it_is_spelled(spelling: str, name: str) -> None:
    spelled = EVERY_KIND[spelling](NAMES[name])
    assert list(PLANTED.found_in(os.urandom(50) + b"\n" + spelled + b"\n" + os.urandom(50))) == [name]


@pytest.mark.parametrize("name", ["number n", "foreign f"])
@pytest.mark.parametrize("spelling", NUMBERS_ONLY)
def test_numbers_are_found_as_people_and_programs_write_them(spelling: str, name: str) -> None:
    assert list(PLANTED.found_in(b"to " + NUMBERS_ONLY[spelling](NAMES[name]) + b" it went")) == [name]


def test_a_part_of_a_text_or_a_secret_is_found() -> None:
    assert PLANTED.found_in(TEXT[:-2].encode()).keys() == {"text (a part of one)"}
    assert PLANTED.found_in(f"{SECRET[:-3]}...".encode()).keys() == {"secret (a part of one)"}


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_packed_is_unpacked(layer: str) -> None:
    packed = LAYERS[layer](TEXT.encode())
    assert any("text t" in PLANTED.found_in(each) for each in layers(packed, AIRFLOWS))


def test_what_is_sealed_under_another_key_stays_sealed() -> None:
    assert not any(PLANTED.found_in(each) for each in layers(SOMEBODYS.encrypt(TEXT.encode()), AIRFLOWS))


def test_nothing_is_found_where_there_is_nothing() -> None:
    digits = "".join(str(number) for number in range(100_000)).encode()
    noise = os.urandom(100_000)
    for data in (b"", digits, noise, base64.b64encode(noise), noise.hex().encode()):
        assert not any(PLANTED.found_in(each) for each in layers(data, AIRFLOWS))
