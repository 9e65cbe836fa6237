"""Bodies that are not a response, or another one than they seem."""

from __future__ import annotations

from support.conformance.book import Ask, dumped
from support.conformance.faults_codes import right_for
from support.conformance.striking import (
    DETAILS,
    EXACT,
    MESSAGE,
    SMS,
    STATISTICS,
    Strike,
    body,
    changed,
    fault,
    http,
    with_bytes,
)

# Bodies that are not a response.

HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>OK</body></html>"
for status in (200, 403, 404, 407, 429, 502, 504):
    fault("body", f"HTML with {status}", body(HTML, "content-type: text/html", status=status), right_for(status))
NO_ANSWERS = [
    "",
    "   \r\n",
    "null",
    "[]",
    "42",
    '"OK"',
    "true",
    "{}",
    '{"Code":null}',
    '{"Code":""}',
    '{"Code":200}',
    '{"Code":true}',
]
for text in [
    *NO_ANSWERS,
    "OK",
    "<Response/>",
    "<html>",
    "{'Code':'OK'}",
    '{"Code":"OK"',
    "jQuery({})",
    '{"Code":["OK"]}',
]:
    fault("body", f"the body {text.strip() or 'of ' + str(len(text)) + ' blanks'}", body(text), "DysmsUnreadable")
for text in ("ok", " OK ", "Success", "200"):
    fault(
        "body",
        f"the code {text!r}",
        changed(
            lambda answer, ask, text=text: {**answer, "ResponseCode" if "ResponseCode" in answer else "Code": text}
        ),
        "DysmsUnknownCode",
        is_coded=text.isalpha(),
    )  # type: ignore[misc]
fault(
    "body",
    "OK next to a code that is not",
    changed(lambda answer, ask: {**answer, "Code": "OK", "ResponseCode": "isp.SYSTEM_ERROR"}),
    "DysmsServerError",
    is_coded=True,
)
fault("body", "OK and nothing else", body('{"Code":"OK","ResponseCode":"OK","Message":"OK"}'), "DysmsUnreadable")
fault(
    "body",
    "the answer to another question",
    lambda ask, book: body(
        dumped(
            book.message(Ask(MESSAGE, {"MessageId": "1000000001"}, 1, "/", 0))
            if ask.action in (DETAILS, STATISTICS, SMS)
            else book.sent(ask)
        )
    )(ask, book),
    "DysmsUnreadable",
)
fault("body", "a byte order mark", with_bytes(lambda honest: [http(200, b"\xef\xbb\xbf" + honest)]), EXACT)
fault("body", "UTF-16", with_bytes(lambda honest: [http(200, honest.decode().encode("utf-16"))]), "DysmsUnreadable")
fault("body", "a body in reverse", with_bytes(lambda honest: [http(200, honest[::-1])]), "DysmsUnreadable")
fault(
    "body",
    "half a body with the length of half",
    with_bytes(lambda honest: [http(200, honest[: len(honest) // 2])]),
    "DysmsUnreadable",
)
fault("body", "something after the answer", with_bytes(lambda honest: [http(200, honest + b"x")]), "DysmsUnreadable")
fault("body", "two answers in one body", with_bytes(lambda honest: [http(200, honest * 2)]), "DysmsUnreadable")
fault("body", "blanks around the answer", with_bytes(lambda honest: [http(200, b"\r\n \t" + honest + b"\n")]), EXACT)


def inserted(what: bytes) -> Strike:
    """Put a field in front of the answer's others."""
    return with_bytes(lambda honest: [http(200, b"{" + what + b"," + honest[1:])])


DEEP = b'"Deep":' + b"[" * 100_000 + b"]" * 100_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
fault("json", "an unknown field", inserted(b'"Fresh":{"a":[1,2,{"b":null}]}'), EXACT)
fault("json", "brackets 100,000 deep", inserted(DEEP), "DysmsUnreadable")
fault("json", "braces 20,000 deep", inserted(b'"Deep":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000), "DysmsUnreadable")
fault("json", "NaN in an unknown field", inserted(b'"Fresh":NaN'), "DysmsUnreadable")
fault("json", "Infinity in an unknown field", inserted(b'"Fresh":-Infinity'), "DysmsUnreadable")
fault("json", "a comma too many", with_bytes(lambda honest: [http(200, honest[:-1] + b",}")]), "DysmsUnreadable")
fault("json", "a comment", inserted(b'/* fresh */"Fresh":1'), "DysmsUnreadable")
fault("json", "invalid UTF-8", inserted(b'"Fresh":"\xff\xfe"'), "DysmsUnreadable")
fault("json", "overlong UTF-8", inserted(b'"Fresh":"\xc0\xaf"'), "DysmsUnreadable")
fault("json", "half a character", inserted(b'"Fresh":"\xe4\xbd"'), "DysmsUnreadable")
fault("json", "a line break within a text", inserted(b'"Fresh":"a\nb"'), "DysmsUnreadable")
fault("json", "an escape that is none", inserted(b'"Fresh":"\\x41"'), "DysmsUnreadable")
fault(
    "xml",
    "laughs by the billion",
    body(f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><R><Code>&l9;</Code></R>'),
    "DysmsUnreadable",
)
fault(
    "xml",
    "an entity from a file",
    body('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><QResponse><Code>&x;</Code></QResponse>'),
    "DysmsUnreadable",
)
fault(
    "xml", "XML that is cut off", body("<QuerySendDetailsResponse><Code>OK</Code><TotalCount>1</To"), "DysmsUnreadable"
)

# A name that comes twice: the last holds, as it does for every reader of JSON, the vendor's own among them.


def twice(name: str, value: str, *, last: bool) -> Strike:
    field = f'"{name}":{value}'.encode()
    return with_bytes(
        lambda honest: [http(200, honest[:-1] + b"," + field + b"}" if last else b"{" + field + b"," + honest[1:])]
    )


DOUBLE = [
    ("Code", '"isp.SYSTEM_ERROR"', "DysmsServerError"),
    ("Code", '"isv.ACCOUNT_ABNORMAL"', "DysmsAuthError"),
    ("TotalCount", "100", "DysmsIncomplete"),
    ("TotalCount", "0", "DysmsIncomplete"),
    ("SmsSendDetailDTOs", '{"SmsSendDetailDTO":[]}', "DysmsIncomplete"),
    ("SmsSendDetailDTOs", "null", "DysmsIncomplete"),
]
for name, value, error in DOUBLE:
    is_code = name == "Code"
    fault("twice", f"{name} twice, {value} first", twice(name, value, last=False), EXACT, on=frozenset({DETAILS}))
    fault(
        "twice",
        f"{name} twice, {value} last",
        twice(name, value, last=True),
        error,
        on=frozenset({DETAILS}),
        is_coded=is_code,
    )
for one, two in ((b'"SendStatus":2', b'"SendStatus":3'), (b'"OutId":"mine"', b'"OutId":"out-0"')):
    strike = with_bytes(lambda honest, one=one, two=two: [http(200, honest.replace(two, one + b"," + two, 1))])  # type: ignore[misc]
    fault("twice", f"{one.decode()} before the right one in a row", strike, EXACT, on=frozenset({DETAILS}))
fault(
    "twice",
    "MessageId twice, another last",
    twice("MessageId", '"1999999999"', last=True),
    "DysmsIncomplete",
    on=frozenset({MESSAGE}),
)
fault("twice", "a name and its small twin", twice("totalCount", "0", last=True), EXACT, on=frozenset({DETAILS}))
