"""Every known form of a payload is parsed into the same records; an invalid one is an error, never a missing record."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api.protocol import payload_records, responses
from airflow_provider_dysms.model.errors import DysmsUnreadable
from airflow_provider_dysms.model.records import MessageReport, SendDetail, SendStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NUMBER = "13900000000"
DAY = date(2025, 6, 1)

#: The vendor's page of 2019: the samples of both forms, with one number.
PAGE_2019_XML = """
<QuerySendDetailsResponse>
      <TotalCount>1</TotalCount>
      <Message>OK</Message>
      <RequestId>908D868C-D35E-438B-9632-9D7F3E440F6D</RequestId>
      <SmsSendDetailDTOs>
            <SmsSendDetailDTO>
                  <OutId>123</OutId>
                  <SendDate>2019-01-08 16:44:10</SendDate>
                  <SendStatus>3</SendStatus>
                  <ReceiveDate>2019-01-08 16:44:13</ReceiveDate>
                  <ErrCode>DELIVRD</ErrCode>
                  <TemplateCode>SMS_122310183</TemplateCode>
                  <Content>【阿里云】验证码为：123，您正在登录，若非本人操作，请勿泄露</Content>
                  <PhoneNum>15200000000</PhoneNum>
            </SmsSendDetailDTO>
      </SmsSendDetailDTOs>
      <Code>OK</Code>
</QuerySendDetailsResponse>
"""
PAGE_2019_JSON = """
{
	"TotalCount":1,
	"Message":"OK",
	"RequestId":"819BE656-D2E0-4858-8B21-B2E477085AAF",
	"SmsSendDetailDTOs":{
		"SmsSendDetailDTO":[
			{
				"SendDate":"2019-01-08 16:44:10",
				"OutId":"123",
				"SendStatus":3,
				"ReceiveDate":"2019-01-08 16:44:13",
				"ErrCode":"DELIVRD",
				"TemplateCode":"SMS_122310183",
				"Content":"【阿里云】验证码为：123，您正在登录，若非本人操作，请勿泄露",
				"PhoneNum":"15200000000"
			}
		]
	},
	"Code":"OK"
}
"""
#: The vendor's page of 2025.
PAGE_2025_JSON = """
{
  "Code": "OK",
  "Message": "OK",
  "RequestId": "819BE656-D2E0-4858-8B21-B2E477085AAF",
  "TotalCount": "1",
  "SmsSendDetailDTOs": {
    "SmsSendDetailDTO": [
      {
        "ErrCode": "DELIVERED",
        "TemplateCode": "SMS_12231****",
        "OutId": "123",
        "ReceiveDate": "2025-06-01 16:44:13",
        "SendDate": "2025-06-01 16:44:10",
        "PhoneNum": "1390000****",
        "Content": "【阿里云】验证码为:123,您正在登录,若非本人操作,请勿泄露",
        "SendStatus": 3
      }
    ]
  }
}
"""
MESSAGE_2025_JSON = """
{
  "Status": "1",
  "ErrorDescription": "success",
  "ResponseCode": "OK",
  "ReceiveDate": "Mon, 24 Dec 2018 16:58:22 +0800",
  "NumberDetail": {
    "Carrier": "CMI",
    "Region": "HongKong",
    "Country": "China"
  },
  "Message": "Hello!",
  "ResponseDescription": "The SMS Send Request was accepted",
  "ErrorCode": "DELIVERED",
  "SendDate": "Mon, 24 Dec 2018 16:58:22 +0800",
  "To": "6581xxx810",
  "MessageId": "1008030xxx3003",
  "RequestId": "F655A8D5-B967-440B-8683-DAD6FF8D28D0"
}
"""
ROW = {"PhoneNum": NUMBER, "SendStatus": 3, "ErrCode": "DELIVERED", "SendDate": "2025-06-01 16:44:10"}
STATISTICS = {
    "SendDate": "20250601",
    "TotalCount": 10,
    "RespondedSuccessCount": 7,
    "RespondedFailCount": 2,
    "NoRespondedCount": 1,
}


def xml(name: str, value: object) -> str:
    if isinstance(value, dict):
        value = "".join(xml(key, inner) for key, inner in value.items())
    elif isinstance(value, list):
        return "".join(xml(name, inner) for inner in value)
    else:
        value = "" if value is None else escape(str(value))
    return f"<{name}>{value}</{name}>"


def decoded(body: str) -> Mapping[str, object]:
    payload = responses.decode(body.encode())
    assert payload is not None
    return payload


def details(records: object, total: object = 1) -> Mapping[str, object]:
    return {"Code": "OK", "TotalCount": total, "SmsSendDetailDTOs": records}


def one_detail(**changes: object) -> SendDetail:
    row = {name: value for name, value in (ROW | changes).items() if value is not ...}
    return payload_records.parse_send_details(details({"SmsSendDetailDTO": [row]})).records[0]


# QuerySendDetails


def test_the_page_of_2019_gives_one_record_in_both_forms() -> None:
    page = payload_records.parse_send_details(decoded(PAGE_2019_JSON))
    assert page == payload_records.parse_send_details(decoded(PAGE_2019_XML))
    assert page.total == 1
    assert page.records == (
        SendDetail(
            phone_number="15200000000",
            send_status=3,
            error_code="DELIVRD",
            template_code="SMS_122310183",
            out_id="123",
            content="【阿里云】验证码为：123，您正在登录，若非本人操作，请勿泄露",
            sent_at=datetime(2019, 1, 8, 8, 44, 10, tzinfo=UTC),
            received_at=datetime(2019, 1, 8, 8, 44, 13, tzinfo=UTC),
        ),
    )


def test_the_page_of_2025_gives_one_record_in_both_forms() -> None:
    page = payload_records.parse_send_details(decoded(PAGE_2025_JSON))
    assert page == payload_records.parse_send_details(
        decoded(xml("QuerySendDetailsResponse", json.loads(PAGE_2025_JSON)))
    )
    assert page.total == 1
    assert page.records == (
        SendDetail(
            phone_number="1390000****",
            send_status=3,
            error_code="DELIVERED",
            template_code="SMS_12231****",
            out_id="123",
            content="【阿里云】验证码为:123,您正在登录,若非本人操作,请勿泄露",
            sent_at=datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC),
            received_at=datetime(2025, 6, 1, 8, 44, 13, tzinfo=UTC),
        ),
    )


def test_both_pages_give_the_same_record_where_they_say_the_same() -> None:
    row = json.loads(PAGE_2025_JSON)["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]
    older = decoded(PAGE_2019_JSON)["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]  # type: ignore[index]
    assert set(row) == set(older)
    as_2019 = {"TotalCount": 1, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [dict(reversed(row.items()))]}, "Code": "OK"}
    assert payload_records.parse_send_details(as_2019) == payload_records.parse_send_details(decoded(PAGE_2025_JSON))


@pytest.mark.parametrize(
    "records",
    [
        {"SmsSendDetailDTO": [ROW]},
        {"SmsSendDetailDTO": ROW},
        {"smsSendDetailDTO": [ROW]},
        [ROW],
        ROW,
    ],
)
def test_a_list_and_a_single_object_parse_alike(records: object) -> None:
    assert payload_records.parse_send_details(details(records)).records == (one_detail(),)


@pytest.mark.parametrize("nothing", [None, "", " \n ", {}, []])
def test_nothing_where_records_belong_is_no_record(nothing: object) -> None:
    assert payload_records.parse_send_details(details(nothing, 0)).records == ()
    assert payload_records.parse_send_details(details({"SmsSendDetailDTO": nothing}, 0)).records == ()
    assert payload_records.parse_send_details({"TotalCount": 0}).records == ()


def test_an_xml_page_of_none_one_and_two_parses_like_json() -> None:
    for rows in ([], [ROW], [ROW, ROW | {"OutId": "2"}]):
        payload = {"TotalCount": len(rows), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}, "Code": "OK"}
        from_xml = payload_records.parse_send_details(decoded(xml("QuerySendDetailsResponse", payload)))
        assert from_xml == payload_records.parse_send_details(decoded(json.dumps(payload)))
        assert len(from_xml.records) == len(rows)


@pytest.mark.parametrize(
    "records",
    ["lost", 0, 1, False, True, 1.5, [None], [""], [ROW, "lost"], [[ROW]]]
    + [{"SmsSendDetailDTO": wrong} for wrong in ("lost", 0, False, [None], [ROW, 1], [[]])]
    + [{"Elsewhere": [ROW]}],
)
def test_records_of_another_form_are_unreadable_and_not_nothing(records: object) -> None:
    with pytest.raises(DysmsUnreadable) as caught:
        payload_records.parse_send_details(details(records, 0))
    assert NUMBER not in str(caught.value)
    assert "lost" not in str(caught.value)


@pytest.mark.parametrize(("written", "total"), [(2, 2), ("2", 2), (" 2 ", 2), (0, 0), ("0", 0), ("+2", 2)])
def test_a_total_is_a_number_or_a_text(written: object, total: int) -> None:
    assert payload_records.parse_send_details(details([], written)).total == total


@pytest.mark.parametrize("written", [None, "", -1, "-1", "x", "1.0", 1.0, True, [], {}, "1e3", "٣", "9" * 99])
def test_a_total_that_is_none_is_unreadable(written: object) -> None:
    with pytest.raises(DysmsUnreadable, match="TotalCount in the service's response"):
        payload_records.parse_send_details(details([], written))


def test_a_missing_total_is_unreadable() -> None:
    with pytest.raises(DysmsUnreadable, match="TotalCount in the service's response is missing"):
        payload_records.parse_send_details({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": []}})


def test_a_row_of_2017_with_small_letters_parses_like_one_of_today() -> None:
    payload = {
        "code": "OK",
        "totalCount": "1",
        "totalPage": 1,
        "smsSendDetailDTOs": {"smsSendDetailDTO": [{name[0].lower() + name[1:]: ROW[name] for name in ROW}]},
    }
    assert payload_records.parse_send_details(decoded(json.dumps(payload))).records == (one_detail(),)


@pytest.mark.parametrize("code", ["DELIVRD", "DELIVERED", "isv.SOMETHING", "MK:0001"])
def test_a_code_is_kept_as_it_is(code: str) -> None:
    assert one_detail(ErrCode=code).error_code == code


@pytest.mark.parametrize("nothing", [None, "", ...])
def test_fields_of_a_message_that_waits_may_be_missing_empty_or_null(nothing: object) -> None:
    names = ("ErrCode", "ReceiveDate", "OutId", "TemplateCode", "Content", "SendDate", "SendStatus")
    record = one_detail(**dict.fromkeys(names, nothing))
    assert record == SendDetail(phone_number=NUMBER, send_status=None)


@pytest.mark.parametrize(("written", "status"), [(1, 1), ("1", 1), (" 3 ", 3), (99, 99), ("-1", -1)])
def test_a_status_is_a_number_or_a_text(written: object, status: int) -> None:
    assert one_detail(SendStatus=written).send_status == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"SendStatus": "planted"},
        {"SendStatus": True},
        {"SendStatus": 3.0},
        {"SendStatus": [3]},
        {"SendDate": "planted"},
        {"SendDate": 1748767450},
        {"ReceiveDate": "2025-06-31 00:00:00"},
        {"ReceiveDate": {"planted": 1}},
        {"PhoneNum": None},
        {"PhoneNum": " "},
        {"PhoneNum": ...},
        {"PhoneNum": ["planted"]},
        {"OutId": {"planted": 1}},
        {"Content": ["planted"]},
        {"ErrCode": False},
        {"TemplateCode": 1.5},
    ],
    ids=str,
)
def test_a_field_of_a_wrong_type_is_unreadable_and_not_repeated(wrong: dict[str, object]) -> None:
    with pytest.raises(DysmsUnreadable, match=next(iter(wrong))) as caught:
        one_detail(**wrong)
    shown = f"{caught.value} {caught.value.__cause__!r} {caught.value.args}"
    assert not any(value in shown for value in ("planted", "1748767450", "06-31", NUMBER))


@pytest.mark.parametrize("written", ["2025-06-01 16:44:10", "2025-06-01T08:44:10Z", "2025-06-01T16:44:10+08:00"])
def test_a_time_without_a_zone_is_beijings(written: str) -> None:
    assert one_detail(SendDate=written).sent_at == datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC)


def test_numbers_where_texts_belong_are_taken_as_texts() -> None:
    record = one_detail(PhoneNum=13900000000, OutId=123)
    assert (record.phone_number, record.out_id) == (NUMBER, "123")


def test_unknown_fields_are_kept_and_shown_nowhere() -> None:
    record = one_detail(SmsSize="1", Nested={"a": [1, None, NUMBER]}, phoneNum="13911111111")
    assert record.extra == {"SmsSize": "1", "Nested": {"a": [1, None, NUMBER]}, "phoneNum": "13911111111"}
    assert record.phone_number == NUMBER
    assert json.loads(json.dumps(record.extra)) == record.extra
    assert "139" not in repr(record)


def test_what_is_too_deep_to_be_written_again_is_unreadable() -> None:
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(DysmsUnreadable, match="Odd in the service's response is nested too deeply"):
        one_detail(Odd=deep)


# QuerySendStatistics


@pytest.mark.parametrize("size", [0, 1, 2])
def test_statistics_parse_alike_from_json_and_xml(size: int) -> None:
    rows = [STATISTICS | {"SendDate": f"2025060{day + 1}"} for day in range(size)]
    payload = {"Code": "OK", "Data": {"TotalSize": size, "TargetList": rows}}
    page = payload_records.parse_send_statistics(decoded(json.dumps(payload)))
    assert page == payload_records.parse_send_statistics(decoded(xml("QuerySendStatisticsResponse", payload)))
    assert page.total == len(page.records) == size
    if size:
        assert page.records[0] == SendStatistics(send_date=DAY, total=10, delivered=7, failed=2, waiting=1)


@pytest.mark.parametrize("nothing", [None, "", [], {}, ...])
def test_no_statistics_are_an_empty_page(nothing: object) -> None:
    data = {"TotalSize": "0"} | ({} if nothing is ... else {"TargetList": nothing})
    assert payload_records.parse_send_statistics({"Data": data}).records == ()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"Data": None},
        {"Data": ""},
        {"Data": []},
        {"Data": {}},
        {"Data": {"TargetList": [STATISTICS]}},
        {"Data": {"TotalSize": -1, "TargetList": []}},
        {"Data": {"TotalSize": 1, "TargetList": "lost"}},
        {"Data": {"TotalSize": 1, "TargetList": [1]}},
        *(
            {"Data": {"TotalSize": 1, "TargetList": [STATISTICS | {name: wrong}]}}
            for name in STATISTICS
            for wrong in (None, "", "x", -1, 1.5, [])
        ),
    ],
)
def test_statistics_that_are_none_are_unreadable(payload: Mapping[str, object]) -> None:
    with pytest.raises(DysmsUnreadable):
        payload_records.parse_send_statistics(payload)


# QueryMessage


def test_the_sample_report_gives_one_record_in_both_forms() -> None:
    report = payload_records.parse_message(decoded(MESSAGE_2025_JSON))
    assert report == payload_records.parse_message(decoded(xml("QueryMessageResponse", json.loads(MESSAGE_2025_JSON))))
    assert report == MessageReport(
        message_id="1008030xxx3003",
        status="1",
        error_code="DELIVERED",
        error_description="success",
        phone_number="6581xxx810",
        content="Hello!",
        sent_at=datetime(2018, 12, 24, 8, 58, 22, tzinfo=UTC),
        received_at=datetime(2018, 12, 24, 8, 58, 22, tzinfo=UTC),
        country="China",
        region="HongKong",
        carrier="CMI",
    )
    assert "6581" not in repr(report)
    assert "Hello" not in repr(report)


@pytest.mark.parametrize(
    ("detail", "country", "extra"),
    [
        (None, None, {}),
        ("", None, {}),
        (" ", None, {}),
        ({}, None, {}),
        ({"Country": "China"}, "China", {}),
        ({"country": "China", "Operator": "X"}, "China", {"NumberDetail": {"Operator": "X"}}),
        ('{"Country":"China"}', "China", {}),
        ("Hong Kong, CMI", None, {"NumberDetail": {"Text": "Hong Kong, CMI"}}),
    ],
)
def test_number_detail_is_an_object_or_a_text_or_nothing(detail: object, country: str | None, extra: object) -> None:
    report = payload_records.parse_message({"MessageId": "1", "NumberDetail": detail})
    assert (report.country, report.extra) == (country, extra)


@pytest.mark.parametrize("status", ["2", 2, " 2 "])
def test_a_status_of_a_message_is_a_number_or_a_text(status: object) -> None:
    assert payload_records.parse_message({"MessageId": "1", "Status": status}).status == "2"


def test_a_report_of_a_message_that_waits_has_little_in_it() -> None:
    report = payload_records.parse_message(
        {"MessageId": "1", "Status": "3", "ReceiveDate": "", "ErrorCode": None, "Odd": [1]}
    )
    assert report == MessageReport(message_id="1", status="3", extra={"Odd": [1]})


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"MessageId": ""},
        {"MessageId": [1]},
        {"MessageId": "1", "Status": True},
        {"MessageId": "1", "Status": 1.0},
        {"MessageId": "1", "SendDate": "24 December"},
        {"MessageId": "1", "NumberDetail": [1]},
        {"MessageId": "1", "NumberDetail": 1},
        {"MessageId": "1", "NumberDetail": {"Country": {}}},
    ],
)
def test_a_report_that_is_none_is_unreadable(payload: Mapping[str, object]) -> None:
    with pytest.raises(DysmsUnreadable):
        payload_records.parse_message(payload)


# SendSms and SendMessageToGlobe


def test_an_accepted_send_gives_the_id_to_ask_with() -> None:
    sent = payload_records.parse_sms_sent({"Code": "OK", "BizId": "134523^4351232", "RequestId": "R"})
    assert (sent.biz_id, sent.request_id) == ("134523^4351232", "R")
    message = payload_records.parse_message_sent(
        {"ResponseCode": "OK", "MessageId": "1", "Segments": "2", "RequestId": "R"}
    )
    assert (message.message_id, message.segments, message.request_id) == ("1", 2, "R")


@pytest.mark.parametrize("odd", [None, "", "many", [], {}, -1, 1.5, "²"])
def test_an_accepted_send_is_not_refused_for_a_field_that_only_describes_it(odd: object) -> None:
    assert payload_records.parse_message_sent({"MessageId": "1", "Segments": odd, "RequestId": []}).segments is None


@pytest.mark.parametrize("parse", [payload_records.parse_sms_sent, payload_records.parse_message_sent])
def test_an_accepted_send_without_an_id_is_unreadable(parse: Callable[[Mapping[str, object]], object]) -> None:
    for payload in ({}, {"BizId": "", "MessageId": ""}, {"BizId": [], "MessageId": {}}):
        with pytest.raises(DysmsUnreadable):
            parse(payload)


# Whatever comes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1", "", ROW]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ROW, *STATISTICS, "TargetList", "SmsSendDetailDTO", "Odd"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
NAMES = "TotalCount SmsSendDetailDTOs Data MessageId Status NumberDetail SendDate ReceiveDate BizId Segments Odd To"
PARSERS: list[Callable[[Mapping[str, object]], object]] = [
    payload_records.parse_send_details,
    payload_records.parse_send_statistics,
    payload_records.parse_message,
    payload_records.parse_sms_sent,
    payload_records.parse_message_sent,
]


@pytest.mark.slow
@given(st.sampled_from(PARSERS), st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=6))
def test_whatever_an_answer_holds_it_is_read_or_unreadable(
    parse: Callable[[Mapping[str, object]], object], payload: dict[str, object]
) -> None:
    with suppress(DysmsUnreadable):
        parse(payload)


@given(st.dictionaries(st.sampled_from([*ROW, "OutId", "Content", "Odd"]), VALUES, max_size=6))
def test_whatever_a_row_holds_it_is_one_record_or_unreadable(row: dict[str, object]) -> None:
    try:
        page = payload_records.parse_send_details(details({"SmsSendDetailDTO": [ROW, row]}, 2))
    except DysmsUnreadable:
        return
    assert len(page.records) == 2
    assert all(record.sent_at is None or record.sent_at.tzinfo is UTC for record in page.records)
