from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api.http.endpoints import Endpoint, endpoint_of, resolve
from airflow_provider_dysms.api.http.regions import SERVICE_HOSTS
from airflow_provider_dysms.model.errors import DysmsInputError

CHINA, INTERNATIONAL = "2017-05-25", "2018-05-01"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("ap-southeast-1", "dysmsapi.ap-southeast-1.aliyuncs.com"),
        ("ap-southeast-5", "dysmsapi.ap-southeast-5.aliyuncs.com"),
        ("eu-central-1", "dysmsapi.eu-central-1.aliyuncs.com"),
        ("us-east-1", "dysmsapi.us-east-1.aliyuncs.com"),
        ("ap-northeast-1", "dysmsapi.ap-southeast-1.aliyuncs.com"),
        ("cn-hangzhou", "dysmsapi.aliyuncs.com"),
        ("cn-beijing", "dysmsapi.aliyuncs.com"),
        ("cn-hongkong", "dysmsapi.aliyuncs.com"),
        ("cn-shanghai-finance-1", "dysmsapi.aliyuncs.com"),
        ("cn-shanghai", "dysmsapi.aliyuncs.com"),
        ("ap-southeast-7", "dysmsapi.ap-southeast-1.aliyuncs.com"),
        ("me-central-1", "dysmsapi.ap-southeast-1.aliyuncs.com"),
    ],
)
@pytest.mark.parametrize("version", [CHINA, INTERNATIONAL])
def test_a_region_has_the_host_of_the_vendors_documents(version: str, region: str, host: str) -> None:
    assert resolve(version, region) == Endpoint("https", host, 443)


@pytest.mark.parametrize("region", [None, ""])
def test_without_a_region_each_version_goes_to_its_own_site(region: str | None) -> None:
    assert resolve(CHINA, region).url == "https://dysmsapi.aliyuncs.com"
    assert resolve(INTERNATIONAL, region).url == "https://dysmsapi.ap-southeast-1.aliyuncs.com"


@pytest.mark.parametrize("region", ["mars-north-1", "evil.com/", "cn/../evil", "中国", 7, "x" * 1000])
@pytest.mark.parametrize("version", [CHINA, INTERNATIONAL])
def test_an_unknown_region_is_refused_and_passes_with_a_host_of_the_service(version: str, region: str) -> None:
    with pytest.raises(DysmsInputError, match="region_id is not a region of Alibaba Cloud") as caught:
        resolve(version, region)
    assert caught.value.argument == "region_id"
    assert len(str(caught.value)) < 300
    assert resolve(version, region, host="dysmsapi.aliyuncs.com").host == "dysmsapi.aliyuncs.com"
    assert resolve(version, region, host="127.0.0.1").host == "127.0.0.1"
    with pytest.raises(DysmsInputError, match="host is not a host of the SMS service"):
        resolve(version, region, host="sms.example.com")


def test_a_host_goes_before_the_region_in_both_versions() -> None:
    for version in (CHINA, INTERNATIONAL):
        endpoint = resolve(version, "cn-hangzhou", host="dysmsapi-vpc.cn-shanghai.aliyuncs.com")
        assert endpoint.url == "https://dysmsapi-vpc.cn-shanghai.aliyuncs.com"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("dysmsapi.aliyuncs.com", "https://dysmsapi.aliyuncs.com"),
        ("https://dysmsapi.aliyuncs.com/", "https://dysmsapi.aliyuncs.com"),
        ("https://dysmsapi.aliyuncs.com:443", "https://dysmsapi.aliyuncs.com"),
        ("https://dysmsapi.aliyuncs.com:8443/", "https://dysmsapi.aliyuncs.com:8443"),
        ("  HTTPS://DysmsAPI.Aliyuncs.COM. ", "https://dysmsapi.aliyuncs.com"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.1:8085", "http://127.0.0.1:8085"),
        ("https://127.8.9.10:8085/", "https://127.8.9.10:8085"),
        ("localhost:8085", "http://localhost:8085"),
        ("LOCALHOST", "http://localhost"),
        ("::1", "http://[::1]"),
        ("[::1]:8085", "http://[::1]:8085"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]"),
    ],
)
def test_a_host_may_be_pasted_in_any_usual_form(host: str, url: str) -> None:
    assert resolve(CHINA, None, host=host).url == url


def test_the_host_header_has_the_port_only_where_it_is_not_the_schemes_own() -> None:
    assert resolve(CHINA, None, host="127.0.0.1", port=80).netloc == "127.0.0.1"
    assert resolve(CHINA, None, host="127.0.0.1", port=443).netloc == "127.0.0.1:443"
    assert resolve(CHINA, None, host="127.0.0.1", port=443, schema="https").netloc == "127.0.0.1"
    assert resolve(CHINA, None, host="::1", port=8085) == Endpoint("http", "::1", 8085)


@pytest.mark.parametrize(
    "host",
    [
        "dysmsapi.aliyuncs.com.evil.com",
        "evil-aliyuncs.com",
        "evilaliyuncs.com",
        "aliyuncs.com",
        "dysmsapi.aliyuncs.com.cn",
        "127.0.0.1.evil.com",
        "localhost.evil.com",
        "evil.localhost",
        "128.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "::2",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "100.100.100.200",
    ],
)
def test_another_host_needs_to_be_allowed_in_so_many_words(host: str) -> None:
    with pytest.raises(DysmsInputError, match=r"host is not a host of the SMS service.*allow_custom_endpoint to true"):
        resolve(CHINA, None, host=host)
    assert resolve(CHINA, None, host=host, allow_custom=True).scheme == "https"
    assert resolve(CHINA, None, host=host, allow_custom=True, schema="http").scheme == "http"


#: Every owner of an account can have one of the first four.
NOT_THE_SERVICE = [
    "my-bucket.oss-cn-hangzhou.aliyuncs.com",
    "1234567890.cn-hangzhou.fc.aliyuncs.com",
    "dysmsapi.oss-cn-hangzhou.aliyuncs.com",
    "1234567890.mns.cn-hangzhou.aliyuncs.com",
    "dysmsapi-vpc.cn-nowhere.aliyuncs.com",
    "sts.aliyuncs.com",
    "dybaseapi.aliyuncs.com",
]


@pytest.mark.parametrize("host", NOT_THE_SERVICE)
def test_other_hosts_of_the_vendor_are_not_the_service(host: str) -> None:
    with pytest.raises(DysmsInputError, match=r"host is not a host of the SMS service \(customers have hosts below"):
        resolve(CHINA, "cn-hangzhou", host=host)
    assert resolve(CHINA, "cn-hangzhou", host=host, allow_custom=True).url == f"https://{host}"
    with pytest.raises(DysmsInputError, match="schema must be 'https'"):
        resolve(CHINA, "cn-hangzhou", host=host, schema="http", allow_custom=True)


@pytest.mark.parametrize(
    "host",
    [
        "dysmsapi-vpc.aliyuncs.com",
        "dysmsapi-vpc.cn-shenzhen.aliyuncs.com",
        "dysmsapi-xman.vpc-proxy.aliyuncs.com",
        "dysmsapi-xman-vpc.ap-southeast-5.aliyuncs.com",
        "dysmsapi-proxy.cn-beijing.aliyuncs.com",
        "dysmsapi-xman.cn-hongkong.aliyuncs.com",
    ],
)
def test_every_documented_host_of_the_service_is_allowed(host: str) -> None:
    assert resolve(CHINA, None, host=host).url == f"https://{host}"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("sts.aliyuncs.com", "https://sts.aliyuncs.com"),
        ("https://sts.ap-southeast-7.aliyuncs.com/", "https://sts.ap-southeast-7.aliyuncs.com"),
        ("sts-vpc.cn-shanghai.aliyuncs.com", "https://sts-vpc.cn-shanghai.aliyuncs.com"),
        ("http://100.100.100.200", "http://100.100.100.200"),
        ("100.100.100.200", "http://100.100.100.200"),
        ("http://localhost:7002", "http://localhost:7002"),
    ],
)
def test_hosts_that_hand_out_keys_are_known_by_name(address: str, url: str) -> None:
    assert endpoint_of("sts_endpoint", address).url == url


@pytest.mark.parametrize(
    "address", ["dysmsapi.aliyuncs.com", "key.oss-cn-hangzhou.aliyuncs.com", "sts.nowhere.aliyuncs.com", "10.0.0.1"]
)
def test_other_hosts_hand_out_keys_only_if_that_is_allowed(address: str) -> None:
    with pytest.raises(DysmsInputError, match="sts_endpoint is not a host of STS or the metadata service"):
        endpoint_of("sts_endpoint", address)
    assert endpoint_of("sts_endpoint", address, allow_custom=True).url == f"https://{address}"


@pytest.mark.parametrize(
    "host",
    [
        "evil.com#.aliyuncs.com",
        "evil.com?.aliyuncs.com",
        "evil.com/.aliyuncs.com",
        "evil.com\\.aliyuncs.com",
        "evil.com%23.aliyuncs.com",
        "user@dysmsapi.aliyuncs.com",
        "https://key:secret@dysmsapi.aliyuncs.com",
        "https://dysmsapi.aliyuncs.com/path",
        "https://dysmsapi.aliyuncs.com//",
        "https://dysmsapi.aliyuncs.com/?Action=SendSms",
        "ftp://dysmsapi.aliyuncs.com",
        "//dysmsapi.aliyuncs.com",
        "dysmsapi.aliyuncs.com\n",
        "dysmsapi.aliyuncs.com\r\nHost: evil.com",
        "dysmsapi.\x00aliyuncs.com",
        "dysmsapi aliyuncs.com",
        "dysmsapi。aliyuncs.com",
        "dysmsapi.aliyuncs.cоm",  # the o is Cyrillic
        "ⅼocalhost",
        "\u212aafka.example.com",  # the Kelvin sign, which is a k in small letters
        "dysmsapi..aliyuncs.com",
        ".aliyuncs.com",
        "-x.aliyuncs.com",
        "dysmsapi.aliyuncs.com..",
        "a" * 64 + ".aliyuncs.com",
        "a." * 127 + "aliyuncs.com",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.0.0.01",
        "127.0.0.256",
        "[::1",
        "[::1]evil.com",
        "[127.0.0.1]x",
        "::1%lo",
        ":8085",
        "/",
        " ",
        "host:port",
        7,
    ],
)
@pytest.mark.parametrize("allow_custom", [False, True])
def test_a_trick_is_refused_whatever_is_allowed(host: str, allow_custom: bool) -> None:
    with pytest.raises(DysmsInputError) as caught:
        resolve(CHINA, None, host=host, allow_custom=allow_custom)
    assert caught.value.argument == "host"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("allow_custom", [False, True])
@pytest.mark.parametrize("host", [None, "dysmsapi.aliyuncs.com"])
def test_the_vendor_is_never_asked_without_tls(host: str | None, allow_custom: bool) -> None:
    with pytest.raises(DysmsInputError, match=r"schema must be 'https' for dysmsapi\.aliyuncs\.com"):
        resolve(CHINA, None, host=host, schema="http", allow_custom=allow_custom)
    with pytest.raises(DysmsInputError, match="schema must be 'https'"):
        resolve(CHINA, None, host="http://dysmsapi.aliyuncs.com", allow_custom=allow_custom)


@pytest.mark.parametrize("port", [0, -1, 65536, True, "80", 80.0])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(DysmsInputError, match="port must be a whole number from 1 to 65535"):
        resolve(CHINA, None, host="127.0.0.1", port=port)


@pytest.mark.parametrize("host", ["127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:99999"])
def test_a_pasted_port_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(DysmsInputError, match="port must be"):
        resolve(CHINA, None, host=host)


def test_what_is_said_twice_must_be_the_same() -> None:
    assert resolve(CHINA, None, host="http://127.0.0.1:8085", port=8085, schema="HTTP").port == 8085
    with pytest.raises(DysmsInputError, match="port is 8086, but host has 8085"):
        resolve(CHINA, None, host="http://127.0.0.1:8085", port=8086)
    with pytest.raises(DysmsInputError, match="schema is https, but host has http"):
        resolve(CHINA, None, host="http://127.0.0.1", schema="https")


@pytest.mark.parametrize("schema", ["ftp", "https://", " https", 1])
def test_a_schema_that_is_none_is_refused(schema: str) -> None:
    with pytest.raises(DysmsInputError, match="schema must be 'https' or 'http'"):
        resolve(CHINA, None, schema=schema)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(DysmsInputError, match="version must be one of 2017-05-25, 2018-05-01"):
        resolve("2020-01-01", None)


@given(st.text(st.sampled_from("a.-:/@#?\\[]%12x \n。.aliyuncs.comlocalhost"), max_size=40))
def test_no_text_leads_anywhere_but_to_the_vendor_or_this_machine(host: str) -> None:
    try:
        endpoint = resolve(CHINA, None, host=host or None)
    except DysmsInputError:
        return
    vendor = endpoint.scheme == "https" and endpoint.host in SERVICE_HOSTS
    assert vendor or endpoint.host in ("localhost", "::1") or endpoint.host.startswith("127.")
    assert not set(endpoint.netloc) & set("/@#?\\% \n。")
