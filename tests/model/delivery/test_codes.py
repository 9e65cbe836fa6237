from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model import delivery
from airflow_provider_dysms.model.delivery import categorise, is_billed

#: One row a line of the vendor's list and of the carriers' families.
CODES = {
    "delivered": "DELIVERED DELIVRD success",
    "pending": "REQUEST_SUCCESS ACCEPTD",
    "unreachable": "MOBILE_NOT_ON_SERVICE UNDELIV MK:0008 MK:0010 MK:0024 MI:0000 MI:0011 MI:0013 MI:0024 MI:0029 "
    "MN:0001 MN:0054 MN:0059 MK:0023 2:24",
    "invalid_number": "INVALID_NUMBER MK:0001 MK:0000 MK:0012 CB:0001 CB:0053 DB:0100 DB:0101",
    "number_abnormal": "MOBILE_ACCOUNT_ABNORMAL MK:0005 MK:0013 MI:0005 DB:0102 CB:0005 NP:1243",
    "blacklist": "MOBILE_IN_BLACK USER_REJECT MB:1077 ID:0141 DB:0141 DB:0144 MX:0013 MOBFAIL 2:70 SC:0001 SC:0099 "
    "MBBLACK DBBLACK BLACK BLOCKED PUBLOKD BWLIST",
    "terminal": "MOBLLE_TERMINAL_ERROR MOBILE_TERMINAL_ERROR MK:0015 MK:0017 MN:0017",
    "frequency_limit": "MOBILE_SEND_LIMIT MB:1042 MK:1041 ID:0142 ID:0143 DB:0142 DISTURB BEYONDN BEYONDM BEYONDH "
    "BEYONDD LIMIT MILIMIT",
    "content_rejected": "CONTENT_KEYWORD CONTENT_ERROR SIGNATURE_BLACKLIST PORT_NOT_REGISTERED MK:0115 ID:0076 DJ:0255 "
    "DB:0309 WHITESMS SIGNERR REJECT KEYWORD SC:0017 SC:0018 SIGFAIL SIGNBLOCKED QM_FAIL NOTITLE MK:1004",
    "platform_rejected": "PARAMS_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isp.SYSTEM_ERROR isv.ANYTHING ISV.x",
    "network": "NO_ROUTE IS_CLOSE SP_NOT_BY_INTER_SMS MB:1078 NOROUTE NONCHN MC:0001 MC:0055 MC:0151 MA:0022 MA:9 "
    "IC:0001 IC:0055 IC:0151 IC:0154 CA:0054 DA:0054 IB:0008 IB:0070 CJ:0007 CJ:0008 ROUTEERR TIMEOUT CMPPERR:9 SGIP:5 "
    "MK:0055 MK:0056 MK:1006 MK:1007 DELETED",
    "rejected": "REJECTD",
    "expired": "EXPIRED MI:0010",
    "unknown": "SP_UNKNOWN_ERROR SP_UNKNOW_ERROR UNKNOWN MX:0001 TE:1 TD:1 LT:0010 SIGNAL NEVER:HEARD 000 ??? 失败",
}


@pytest.mark.parametrize(("category", "codes"), CODES.items(), ids=CODES)
def test_every_code_has_its_category(category: str, codes: str) -> None:
    assert {code: categorise(code)[0] for code in codes.split()} == dict.fromkeys(codes.split(), category)
    assert {code: categorise(f" {code.lower()} ")[0] for code in codes.split()} == dict.fromkeys(
        codes.split(), category
    )


def test_the_tables_are_closed() -> None:
    categories = set(delivery.FAULT_OF_CATEGORY)
    assert categories == set(CODES)
    assert set(delivery.CATEGORY_OF_CODE.values()) | set(delivery.CATEGORY_OF_PREFIX.values()) <= categories
    assert set(delivery.FAULT_OF_CATEGORY.values()) == {None, "recipient", "sender", "carrier", "unknown"}


@pytest.mark.parametrize(
    ("written", "code"), [("MK:12", "MK:0012"), ("MK0012", "MK:0012"), ("mk 12", "MK:0012"), ("SC:17", "SC:0017")]
)
def test_a_family_is_recognised_however_a_gateway_writes_it(written: str, code: str) -> None:
    assert categorise(written) == categorise(code) != ("unknown", "unknown")


@pytest.mark.parametrize("code", [None, "", "  "])
def test_no_code_has_no_category(code: str | None) -> None:
    assert categorise(code) == (None, None)


@given(st.text())
def test_no_code_stops_anything(code: str) -> None:
    category, fault = categorise(code)
    assert category is None or delivery.FAULT_OF_CATEGORY[category] == fault


@pytest.mark.parametrize(
    ("code", "category", "fault", "billed"),
    [
        ("E200018", "platform_rejected", "sender", False),
        ("e200041", "platform_rejected", "sender", False),
        ("MILIMIT", "frequency_limit", "sender", True),
        ("LIMIT", "frequency_limit", "sender", True),
        ("BEYONDN", "frequency_limit", "sender", True),
        ("CTLIMIT", "frequency_limit", "sender", True),
        ("KEYWORD", "content_rejected", "sender", True),
        ("BLACK", "blacklist", "recipient", True),
        ("MBBLACK", "blacklist", "recipient", True),
        ("TDBLACK", "blacklist", "recipient", True),
        ("TSBLACK", "blacklist", "recipient", True),
        ("MK:0001", "invalid_number", "recipient", True),
        ("MK:0099", "unreachable", "recipient", True),
        ("MN:0044", "unreachable", "recipient", True),
        ("ID:0076", "content_rejected", "sender", True),
        ("ID:0099", "rejected", "unknown", True),
        ("DJ:0001", "rejected", "unknown", True),
        ("UT:0023", "rejected", "unknown", True),
        ("DELIVRD", "delivered", None, True),
        ("ACCEPTD", "pending", None, True),
        (None, None, None, True),
    ],
)
def test_codes_of_huawei_are_in_the_one_table(
    code: str | None, category: str | None, fault: str | None, billed: bool
) -> None:
    assert categorise(code) == (category, fault)
    assert is_billed(code) is billed
