"""The codes of vendors and carriers: what each one means, who caused the failure, and what is not billed.

A code that is in no list has the category ``unknown``.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: Category -> who caused the failure. The recipient stands for the number, its owner and the handset; the sender for
#: text, template, frequency and account; the carrier for the network between them.
FAULT_OF_CATEGORY: dict[str, str | None] = {
    "delivered": None,
    "pending": None,
    "unreachable": "recipient",  # switched off, out of area, suspended
    "invalid_number": "recipient",  # no such number
    "number_abnormal": "recipient",  # in arrears, barred, ported
    "blacklist": "recipient",  # on a blacklist, opted out, complained
    "terminal": "recipient",  # a handset that is full or faulty
    "frequency_limit": "sender",
    "content_rejected": "sender",  # text, template or signature
    "platform_rejected": "sender",  # refused before it reached a carrier
    "network": "carrier",  # no route, gateway, switching centre
    "rejected": "unknown",  # by a carrier, without a reason
    "expired": "unknown",
    "unknown": "unknown",
}

_CODES = {
    "delivered": "DELIVERED DELIVRD SUCCESS",
    "pending": "REQUEST_SUCCESS ACCEPTD",
    "unreachable": (
        "MOBILE_NOT_ON_SERVICE UNDELIV MK:0008 MK:0010 MK:0023 MK:0024 MI:0000 MI:0011 MI:0013 MI:0024 MI:0029 "
        "MN:0001 MN:0054 MN:0059 2:24"
    ),
    "invalid_number": "INVALID_NUMBER MK:0000 MK:0001 MK:0012 CB:0001 CB:0053 DB:0100 DB:0101",
    "number_abnormal": "2:12 MOBILE_ACCOUNT_ABNORMAL MK:0005 MK:0013 MI:0005 DB:0102 CB:0005 NP:1243",
    "blacklist": (
        "MOBILE_IN_BLACK USER_REJECT MB:1077 ID:0141 DB:0141 DB:0144 MX:0013 MOBFAIL 2:70 MBBLACK DBBLACK BLACK "
        "TDBLACK TSBLACK BLOCKED PUBLOKD BWLIST"
    ),
    "terminal": "MOBLLE_TERMINAL_ERROR MOBILE_TERMINAL_ERROR MK:0015 MK:0017 MN:0017",
    "frequency_limit": (
        "MOBILE_SEND_LIMIT MB:1042 MK:1041 ID:0142 ID:0143 DB:0142 DISTURB BEYONDN BEYONDM BEYONDH BEYONDD LIMIT "
        "MILIMIT CTLIMIT"
    ),
    "content_rejected": (
        "CONTENT_KEYWORD CONTENT_ERROR SIGNATURE_BLACKLIST PORT_NOT_REGISTERED MK:0115 ID:0076 DJ:0255 DB:0309 "
        "WHITESMS SIGNERR REJECT KEYWORD SC:0017 SC:0018 SIGFAIL SIGNBLOCKED QM_FAIL NOTITLE MK:1004"
    ),
    "platform_rejected": "PARAMS_ILLEGAL",
    "network": (
        "NO_ROUTE IS_CLOSE SP_NOT_BY_INTER_SMS DELETED MB:1078 NOROUTE NONCHN MC:0001 MC:0055 MC:0151 IC:0001 IC:0055 "
        "IC:0151 IC:0154 IB:0008 IB:0070 CJ:0007 CJ:0008 ROUTEERR TIMEOUT MK:0055 MK:0056 MK:1006 MK:1007"
    ),
    "rejected": "REJECTD",
    "expired": "EXPIRED MI:0010",
    "unknown": "SP_UNKNOWN_ERROR SP_UNKNOW_ERROR UNKNOWN",
}

#: Code in capitals -> category: every code of the vendors' lists (https://help.aliyun.com/document_detail/101347.html,
#: https://support.huaweicloud.com/api-msgsms/sms_05_0051.html), and the carriers' codes that they pass on.
CATEGORY_OF_CODE: dict[str, str] = {code: category for category, codes in _CODES.items() for code in codes.split()}

#: Prefix of a code that is in no list -> category.
CATEGORY_OF_PREFIX: dict[str, str] = {
    "ISV.": "platform_rejected",
    "ISP.": "platform_rejected",
    "E2000": "platform_rejected",  # Huawei's platform: channel, template, application or quota
    "SC:00": "blacklist",
    # Families of the mainland's carriers: switching centre and handset, then gateways, which give no reason.
    "MK:": "unreachable",
    "MN:": "unreachable",
    "ID:": "rejected",
    "DJ:": "rejected",
    "UT:": "rejected",
    "MA:": "network",
    "CA:": "network",
    "DA:": "network",
    "CMPPERR:": "network",
    "SGIP:": "network",
}

#: Prefixes of the codes of messages that the vendor did not hand to a carrier, and does not bill:
#: https://support.huaweicloud.com/api-msgsms/sms_05_0051.html
NOT_BILLED_PREFIXES = ("E2000",)

# Gateways write ``MK:0012`` also as ``MK:12`` and ``MK0012``.
_FAMILY = re.compile(r"([A-Z]{2,})[ :_-]?([0-9]{1,4})")


def categorise(code: str | None) -> tuple[str | None, str | None]:
    """Return the category of a code, and who caused the failure; it never raises.

    :param code: as the service gave it, in any case
    :returns: a key and a value of :data:`FAULT_OF_CATEGORY`; ``None, None`` without a code
    """
    if not code or not code.strip():
        return None, None
    category = _category(code.strip().upper())
    return category, FAULT_OF_CATEGORY[category]


@lru_cache(maxsize=1024)
def is_billed(code: str | None) -> bool:
    """Return whether a vendor bills a message with a code: not if its platform refused it."""
    return code is None or not code.upper().startswith(NOT_BILLED_PREFIXES)


def _category(code: str) -> str:
    if code in CATEGORY_OF_CODE:
        return CATEGORY_OF_CODE[code]
    family = _FAMILY.fullmatch(code)
    if family is not None:
        code = f"{family[1]}:{family[2]:0>4}"
        if code in CATEGORY_OF_CODE:
            return CATEGORY_OF_CODE[code]
    for prefix, category in CATEGORY_OF_PREFIX.items():
        if code.startswith(prefix):
            return category
    return "unknown"
