"""Random values for a generated day: templates, phone numbers and their spellings, error codes, receipt delays."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.emulator.sms_rules import count_segments

if TYPE_CHECKING:
    from random import Random


class Template(NamedTuple):
    """A message template; ``{n}`` stands for six digits.

    :param code: TemplateCode; ``None``: a bare text
    :param kind: TemplateType of the statistics: 0 verification code, 1 notice, 2 promotion, 3 international
    """

    code: str | None
    kind: int
    sign_name: str | None
    text: str


@cache
def text_pattern(template: Template) -> str:
    """Return the text that still contains ``{n}``, with the signature in brackets."""
    sign = "" if template.sign_name is None else f"【{template.sign_name}】"
    return sign + template.text


@cache
def billed_segments(template: Template, *, international: bool) -> int:
    """Return the billed segments of the text; it is always filled with six digits."""
    return count_segments(text_pattern(template).replace("{n}", "000000"), international=international)


_PARCEL = (
    "您的快递已到达示例小区东门的快递柜，取件码{n}，请于今晚二十二点前凭取件码领取。如需改派、延期或由他人代领，"
    "请打开示例物流小程序，在“我的包裹”中办理；超过二十四小时未取将收取保管费。感谢您的理解与支持。"
)
_PROMOTION = (
    "尊敬的会员，示例商城周年庆今日零点开始：全场满三百减五十，家电与数码类商品最高直降一千元，下单即赠双倍积分，"
    "积分可在次月兑换优惠券或公益捐赠。您的专属优惠码为{n}，仅限本人使用，有效期至本月最后一日，逾期作废。活动期间"
    "咨询量较大，如客服未能及时接听，请在应用内留言，我们会在二十四小时内回复。祝您购物愉快，感谢一路相伴。拒收请回复R"
)
_NOTICE = "您尾号{n}的账户今日有一笔入账，余额变动请以应用内明细为准。"
_LONG_ENGLISH = (
    "Your parcel {n} has arrived at the pick-up point. Please bring this message and a photo ID; the counter is open "
    "from 8 am to 10 pm every day. After three days the parcel goes back, and a new delivery has to be paid."
)

MAINLAND = (
    Template("SMS_200000001", 0, "示例", "您的验证码是{n}，五分钟内有效，请勿泄露给他人。"),
    Template("SMS_200000002", 0, "示例商城", "{n}为您的登录验证码，若非本人操作，请忽略本短信。"),
    Template("SMS_200000003", 1, "示例银行", _NOTICE),
    Template("SMS_200000004", 1, "示例物流", _PARCEL),
    Template("SMS_200000005", 2, "示例商城", _PROMOTION),
)
#: Sent to international numbers by the mainland site: templates, billed by the rules for international texts.
INTERNATIONAL = (
    Template("SMS_300000001", 3, "Example", "Your verification code is {n}."),
    Template(
        "SMS_300000002",
        3,
        "Example",
        "Your booking {n} is confirmed. Please be there fifteen minutes early, with a photo ID.",
    ),
)
#: Sent by the international site: bare texts without template or signature.
GLOBE = (
    Template(None, 3, None, "Example: your verification code is {n}."),
    Template(None, 3, None, _LONG_ENGLISH),
    Template(None, 3, None, "您的验证码是{n}，请勿泄露给他人。"),
)
_WEIGHTS = {len(MAINLAND): (35, 20, 20, 15, 10), len(INTERNATIONAL): (60, 40), len(GLOBE): (60, 20, 20)}

_MAINLAND_PREFIXES = (
    "130",
    "131",
    "135",
    "136",
    "138",
    "139",
    "150",
    "152",
    "158",
    "159",
    "176",
    "177",
    "180",
    "186",
    "188",
)
#: Country code, the mobile prefix after it, and the number of digits after that.
_COUNTRIES = (("852", "61", 6), ("65", "9", 7), ("60", "12", 7), ("44", "7400", 6), ("81", "90", 8), ("66", "81", 7))
_MAINLAND_CODES = (
    ("MOBILE_NOT_ON_SERVICE", 30),
    ("INVALID_NUMBER", 10),
    ("MOBILE_ACCOUNT_ABNORMAL", 6),
    ("MOBILE_IN_BLACK", 8),
    ("USER_REJECT", 4),
    ("MOBILE_SEND_LIMIT", 6),
    ("MOBLLE_TERMINAL_ERROR", 3),
    ("CONTENT_KEYWORD", 3),
    ("SIGNATURE_BLACKLIST", 2),
    ("NO_ROUTE", 3),
    ("IS_CLOSE", 2),
    ("SP_UNKNOWN_ERROR", 3),
    ("MK:0001", 6),
    ("MI:0024", 4),
    ("MB:1077", 2),
    ("MC:0055", 2),
    ("UNDELIV", 4),
    ("REJECTD", 2),
)
_INTERNATIONAL_CODES = (("UNDELIV", 50), ("MOBILE_NOT_ON_SERVICE", 20), ("REJECTD", 20), ("NO_ROUTE", 10))


class Catalogue:
    """Draws random values from the lists above.

    :param random: the source of randomness; the same seed gives the same values
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._used: set[str] = set()
        self._codes = {
            international: ([code for code, _ in codes], [weight for _, weight in codes])
            for international, codes in ((False, _MAINLAND_CODES), (True, _INTERNATIONAL_CODES))
        }

    def number(self, *, international: bool) -> str:
        """Return a phone number that was not drawn before, in the form of the API."""
        while True:
            if international:
                country, prefix, digit_count = self._random.choice(_COUNTRIES)
            else:
                country, prefix, digit_count = "", self._random.choice(_MAINLAND_PREFIXES), 8
            number = f"{country}{prefix}{self._random.randrange(10**digit_count):0{digit_count}d}"
            if number not in self._used and _is_assigned(number, country, prefix):
                self._used.add(number)
                return number

    def template(self, *, international: bool, globe: bool = False) -> Template:
        """Return a template for a number.

        :param globe: whether the international site sends the message
        """
        templates = GLOBE if globe else INTERNATIONAL if international else MAINLAND
        return self._random.choices(templates, _WEIGHTS[len(templates)])[0]

    def code(self) -> str:
        """Return six digits to fill a text with."""
        return f"{self._random.randrange(10**6):06d}"

    def error_code(self, *, international: bool) -> str:
        """Return the error code of a failed message."""
        return self._random.choices(*self._codes[international])[0]

    def receipt_delay(self) -> int:
        """Return the seconds from a send to its receipt: mostly 2 to 30, sometimes minutes, rarely up to an hour."""
        chance = self._random.random()
        low, high = (2, 30) if chance < 0.85 else (31, 300) if chance < 0.97 else (301, 3_600)
        return self._random.randint(low, high)

    def spell_number(self, number: str, *, international: bool) -> str:
        """Return a phone number in one of its common spellings."""
        if international:
            return self._random.choice((f"+{number}", f"00{number}"))
        spaced = f"{number[:3]}-{number[3:7]}-{number[7:]}"
        return self._random.choice(
            (number, number, f"+86 {spaced}", f"+86{number}", f"0086{number}", f"86{number}", spaced)
        )


def _is_assigned(number: str, country: str, prefix: str) -> bool:
    """Return whether a number is in a range that is assigned; other ranges have no valid numbers."""
    first_digit = number[len(country) + len(prefix)]
    return first_digit in {"65": "12345678", "60": "23456789", "81": "123456789"}.get(country, "0123456789")
