"""Every way to write a number reads as the same number; everything else is an error that does not repeat it."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.number import NumberError, PhoneNumber
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

MOBILE = "13900000000"


def reason(text, country=None):
    with pytest.raises(NumberError) as error:
        parse_number(text, country)
    return error.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "13900000000",
        " 13900000000 ",
        "+86 139-0000-0000",
        "+86 139 0000 0000",
        "0086 139 0000 0000",
        "008613900000000",
        "8613900000000",
        "86-139-0000-0000",
        "(+86)13900000000",
        "(86) 139 0000 0000",
        "+86 (139) 0000.0000",
        "+86 0139 0000 0000",
        "139.0000.0000",
        "139\u00a00000\u00a00000",
        "139 – 0000 – 0000",
        "\u202d+86 139 0000 0000\u202c",
        "１３９００００００００",
        "＋８６　１３９－００００－００００",
        "tel:+86-139-0000-0000",
        "TEL:13900000000",
        "13900000000.0",
        "8613900000000.0",
        13900000000,
        8613900000000,
        13900000000.0,
        Decimal("13900000000"),
        Decimal("13900000000.00"),
    ],
)
@pytest.mark.parametrize("country", [None, "", "CN", "cn", "86", "+86", "0086"])
def test_every_form_of_a_mainland_mobile_reads_alike(text, country):
    assert parse_number(text, country) == PhoneNumber(MOBILE, "CN")


@pytest.mark.parametrize(
    ("text", "country", "digits", "region"),
    [
        ("+852 6123 4567", None, "85261234567", "HK"),
        ("00852 6123 4567", None, "85261234567", "HK"),
        ("85261234567", None, "85261234567", "HK"),
        ("85261234567", "HK", "85261234567", "HK"),
        ("61234567", "HK", "85261234567", "HK"),
        ("61234567", "852", "85261234567", "HK"),
        ("6123 4567", "+852", "85261234567", "HK"),
        ("+852 6123 4567", "hk", "85261234567", "HK"),
        ("85200001234", None, "85200001234", "HK"),
        ("85200001234", "HK", "85200001234", "HK"),
        ("85366123456", "853", "85366123456", "MO"),
        ("0912345678", "TW", "886912345678", "TW"),
        ("+44 (0)7400 123456", None, "447400123456", "GB"),
        ("07400 123456", "GB", "447400123456", "GB"),
        ("015112345678", "DE", "4915112345678", "DE"),
        ("15112345678", "DE", "4915112345678", "DE"),
        ("+1 212 555 0123", None, "12125550123", "US"),
        ("2125550123", "US", "12125550123", "US"),
        ("12125550123", "1", "12125550123", "US"),
        ("+1 416 555 0123", "US", "14165550123", "CA"),
        ("6581234567", "SG", "6581234567", "SG"),
        (6581234567, None, "6581234567", "SG"),
        (81234567.0, "SG", "6581234567", "SG"),
        ("+800 1234 5678", None, "80012345678", "001"),
        ("80012345678", "800", "80012345678", "001"),
        ("+86 139 0000 0000", "86", MOBILE, "CN"),
    ],
)
def test_foreign_numbers_are_read_in_their_country(text, country, digits, region):
    if digits == "14165550123":
        assert reason(text, country) == "reads_as_mainland"
        assert parse_number(text, country, to_query=False) == PhoneNumber(digits, region)
    else:
        assert parse_number(text, country) == PhoneNumber(digits, region)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+1 312 555 0123", None, "reads_as_mainland"),
        ("001 312 555 0123", None, "reads_as_mainland"),
        ("13125550123", "US", "reads_as_mainland"),
        ("3125550123", "US", "reads_as_mainland"),
        ("13900000000", "US", "reads_as_mainland"),
        ("+86 10 1234 5678", None, "not_a_mobile"),
        ("861012345678", None, "not_a_mobile"),
        ("010-12345678", "CN", "not_a_mobile"),
        ("12000000000", "CN", "not_a_mobile"),
        ("10000000000", None, "invalid_number"),
        ("11012345678", None, "invalid_number"),
        ("+1 101 234 5678", None, "invalid_number"),
        ("+1 212 155 0123", None, "invalid_number"),
        ("2120550123", "US", "invalid_number"),
        (10000000000, "US", "invalid_number"),
        ("12000000000", None, "invalid_number"),
        ("13900000000", "HK", "invalid_number"),
        ("8613900000000", "DE", "invalid_number"),
        ("+85261234567", "CN", "invalid_number"),
        ("+8613900000000", "HK", "invalid_number"),
        ("0061234567", "HK", "invalid_number"),
        ("49266970", "DE", "invalid_number"),
        ("61234567", "China", "invalid_number"),
        ("61234567", "XX", "invalid_number"),
        ("61234567", "999", "invalid_number"),
        ("1.39E+10", None, "invalid_number"),
        ("1.39e10", None, "invalid_number"),
        ("13900000000.5", None, "invalid_number"),
        ("13900000000.00", None, "invalid_number"),
        ("1390000000.5", None, "invalid_number"),
        ("139000000.00", None, "invalid_number"),
        (13900000000.5, None, "invalid_number"),
        (1e300, None, "invalid_number"),
        (float("nan"), None, "invalid_number"),
        (float("inf"), None, "invalid_number"),
        (Decimal("NaN"), None, "invalid_number"),
        (-13900000000, None, "invalid_number"),
        ("-13900000000", None, "invalid_number"),
        ("13900000000-", None, "invalid_number"),
        ("(13900000000", None, "invalid_number"),
        ("139 0000 000", None, "invalid_number"),
        ("139 0000 0000 0", None, "invalid_number"),
        ("013900000000", None, "invalid_number"),
        ("13900000000 13900000001", None, "invalid_number"),
        ("13900000000,13900000001", None, "invalid_number"),
        ("13900000000/13900000001", None, "invalid_number"),
        ("13900000000\n13900000001", None, "invalid_number"),
        ("+13900000000+13900000001", None, "invalid_number"),
        ("13900000000 ext. 5", None, "invalid_number"),
        ("13900000000;ext=5", None, "invalid_number"),
        ("13900000000x5", None, "invalid_number"),
        ("139000O0000", None, "invalid_number"),
        ("139****0000", None, "invalid_number"),
        ("1-800-FLOWERS", "US", "invalid_number"),
        ("①③⑨00000000", None, "invalid_number"),
        ("١٣٩٠٠٠٠٠٠٠٠", None, "invalid_number"),
        ("+86 17951 139 0000 0000", None, "invalid_number"),
        ("+", None, "invalid_number"),
        ("00", None, "invalid_number"),
        ("0086", None, "invalid_number"),
        ("", None, "invalid_number"),
        ("  ", None, "invalid_number"),
        (None, None, "invalid_number"),
        (True, None, "invalid_number"),
        (b"13900000000", None, "invalid_number"),
        ([MOBILE], None, "invalid_number"),
    ],
)
def test_what_is_not_exactly_one_number_is_refused_with_its_reason(text, country, expected):
    assert reason(text, country) == expected


def test_a_message_id_may_go_with_numbers_that_cannot_be_asked_by_themselves():
    assert parse_number("+1 312 555 0123", to_query=False) == PhoneNumber("13125550123", "US")
    assert parse_number("+86 10 1234 5678", to_query=False).country == "CN"


def test_an_error_names_the_argument_and_keeps_the_number_to_itself():
    with pytest.raises(DysmsInputError) as error:
        parse_number("139 0000 00012345")
    assert error.value.argument == "phone_number"
    assert not set("139").intersection(str(error.value))
    assert error.value.__cause__ is None
    assert error.value.__context__ is None or "139" not in str(error.value.__context__)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10000000000", "not a number that can exist"),
        ("11012345678", "not a number that can exist"),
        ("1.39E+10", "scientific notation"),
        ("1.39e10", "scientific notation"),
        ("NaN", "leave the cell empty"),
        ("null", "leave the cell empty"),
        (float("nan"), "leave the cell empty"),
        (1e17, "lost its last digits; write it as text"),
        (13900000000.5, "a decimal number"),
        ("9" * 30, "more digits than a phone number"),
    ],
)
@pytest.mark.parametrize("to_query", [True, False])
def test_what_programs_make_of_numbers_has_a_sentence_of_its_own(text, told, to_query):
    with pytest.raises(NumberError) as error:
        parse_number(text, to_query=to_query)
    assert told in error.value.problem


def test_a_country_may_be_a_whole_number_that_pandas_wrote():
    assert parse_number(MOBILE, "86.0") == PhoneNumber(MOBILE, "CN")
    assert parse_number("61234567", "852.0").digits == "85261234567"


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
gaps = st.sampled_from(["", " ", "-", ".", "\u00a0", " - "])


@given(mobiles, st.sampled_from(["", "+86", "86", "0086", "tel:+86"]), st.lists(gaps, min_size=10, max_size=10))
def test_gaps_and_prefixes_never_change_a_number(mobile, prefix, separators):
    body = "".join(digit + gap for digit, gap in zip(mobile, [*separators, ""], strict=True))
    if body.count(".") == 1 and len(body.split(".")[1]) <= 2:
        return
    assert parse_number(prefix + body) == PhoneNumber(mobile, "CN")


@given(st.from_regex(r"[5679][0-9]{7}", fullmatch=True), gaps)
def test_a_foreign_number_reads_alike_in_every_form(national, gap):
    body = gap.join([national[:4], national[4:]]) if len(national) - 4 > 2 else national
    expected = PhoneNumber("852" + national, "HK")
    for text, country in [("+852" + body, None), ("00852" + body, "HK"), ("852" + body, None), (body, "HK")]:
        assert parse_number(text, country).digits == expected.digits


@given(
    st.one_of(
        st.text(), st.text("0123456789+-(). \u00a0０１/*xe"), st.integers(), st.floats(), st.binary(), st.decimals()
    ),
    st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["US", "HK", "852", "+1", "001", "ZZ", "CN"])),
)
@example("00000000000000000", "US")
@example("+" + "0" * 40, None)
def test_nothing_but_a_number_or_a_number_error_comes_back(text, country):
    try:
        number = parse_number(text, country)
    except NumberError as error:
        assert error.reason in {"invalid_number", "not_a_mobile", "reads_as_mainland"}  # noqa: PT017 - any is fine
    else:
        assert number.digits.isascii()
        assert number.digits.isdigit()
        written = [character for character in str(text) if character.isdigit()]
        assert len(number.digits) <= len(written) + 3


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("010-12345678", None),
        ("010 6234 5678", None),
        ("(021) 6234 5678", "CN"),
        ("0755-26001234", None),
        ("+86 10 6234 5678", None),
        ("86 755 2600 1234", None),
        ("400-123-4567", None),
        ("+86 800 810 1234", None),
    ],
)
def test_a_landline_is_called_one(written: str, country: str | None) -> None:
    with pytest.raises(NumberError, match="is a landline of the mainland") as caught:
        parse_number(written, country)
    assert caught.value.reason == "not_a_mobile"


def test_a_number_abroad_that_looks_like_an_area_code_is_no_landline() -> None:
    assert parse_number("+40 21 234 5678").country == "RO"
    assert parse_number("4930123456").country == "DE"
