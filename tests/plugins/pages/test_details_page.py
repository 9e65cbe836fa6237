"""The page of sending details: every filter, paging, addresses that can be shared, and numbers that stand in none."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.huawei_days import write_huawei_day
from support.page_archives import (
    FAILED_NUMBER,
    FOREIGN_NUMBER,
    NOT_AUDITED,
    NUMBER,
    TODAY,
    UNKNOWN_NUMBER,
    YESTERDAY,
)

from airflow_provider_dysms import __version__
from airflow_provider_dysms.plugins.pages.form.details_form import DetailsForm

pytestmark = pytest.mark.slow  # each query starts a process, or waits for one

MASKED = f"{NUMBER[:3]}****{NUMBER[-4:]}"


def text_of(page: str) -> str:
    """Return what a page says."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of the table."""
    table = page.partition('<table class="records">')[2]
    bodies = re.findall(r"<tbody>\s*<tr>(.*?)</tr>\s*<tr class=\"more\">", table, re.DOTALL)
    return [[text_of(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", body, re.DOTALL)] for body in bodies]


def test_the_newest_messages_come_first_ten_a_page_with_masked_numbers(client: TestClient) -> None:
    page = client.get("details").text
    rows = rows_of(page)
    assert len(rows) == 10
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    assert all(re.fullmatch(r"\d{3}\*+\d{4}", row[1]) for row in rows)
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", text_of(page))


@pytest.mark.parametrize(
    ("fields", "column", "expected"),
    [
        ({"template_code": "SMS_100000002"}, 3, {"SMS_100000002"}),
        ({"sign_name": "阿里云"}, 4, {"阿里云"}),
        ({"country": "hk"}, 2, {"HK"}),
        ({"error_code": "mi:0024"}, 6, {"MI:0024"}),
        ({"error_code": "DELIVERED"}, 6, {"DELIVRD"}),
        ({"result": "Successful"}, 5, {"Successful"}),
        ({"result": "Sending"}, 5, {"Sending"}),
        ({"result": "Missing"}, 5, {"Missing"}),
        ({"result": "Failed"}, 5, {"Failed"}),
    ],
)
def test_a_filter_finds_only_what_it_names_and_its_address_can_be_shared(
    client: TestClient, fields: dict[str, str], column: int, expected: set[str]
) -> None:
    posted = client.post("details", data=fields)
    assert posted.history[0].status_code == 303
    assert dict(posted.url.params) == fields
    rows = rows_of(posted.text)
    assert rows
    assert {row[column] for row in rows} == expected
    assert rows_of(client.get(str(posted.url)).text) == rows


@pytest.mark.parametrize("written", [NUMBER, f"+86 {NUMBER[:3]}-{NUMBER[3:7]}-{NUMBER[7:]}", f"0086{NUMBER}"])
def test_a_number_is_found_in_any_spelling_and_stands_in_no_address(client: TestClient, written: str) -> None:
    page = client.post("details", data={"phone_number": written, "last": "30d"})
    assert not page.history
    assert page.url.query == b""
    assert {row[1] for row in rows_of(page.text)} == {MASKED}
    assert "has no address to share" in text_of(page.text)
    assert NUMBER not in "".join(re.findall(r"(?:href|action)=\"([^\"]*)\"", page.text))


def test_a_number_without_messages_says_so(client: TestClient) -> None:
    page = client.post("details", data={"phone_number": UNKNOWN_NUMBER}).text
    assert "No messages match in the days that were audited." in text_of(page)
    assert not rows_of(page)


def test_pages_lead_on_and_back_and_all_records_come_once(client: TestClient) -> None:
    page = client.get("details?last=30d&result=Failed&country=CN").text
    seen = []
    for _ in range(100):
        seen += [tuple(row) for row in rows_of(page)]
        following = re.search(r'rel="next" href="([^"]*)"', page)
        if following is None:
            break
        page = client.get(html.unescape(following[1])).text
    total = int(re.search(r"of (\d+)", text_of(page))[1])  # type: ignore[index]
    assert len(seen) == len(set(seen)) == total > 20
    for _ in range(100):
        before = re.search(r'rel="prev" href="([^"]*)"', page)
        if before is None:
            break
        page = client.get(html.unescape(before[1])).text
    assert [tuple(row) for row in rows_of(page)] == seen[:10]


def test_the_pages_of_a_number_are_posted(client: TestClient) -> None:
    page = client.post("details", data={"phone_number": FAILED_NUMBER, "last": "30d"}).text
    assert text_of(page).count(f"{FAILED_NUMBER[:3]}****") == 10
    form = re.search(r'<form method="post" action="details">((?:\s*<input type="hidden"[^>]*>)+)\s*<button>Next', page)
    assert form is not None
    fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form[1]))
    assert fields["phone_number"] == FAILED_NUMBER
    second = client.post("details", data=fields)
    assert second.url.query == b""
    assert "11 – 11 of 11" in text_of(second.text)


def test_days_that_were_not_audited_are_named_and_never_empty(client: TestClient) -> None:
    unknown = TODAY - timedelta(days=NOT_AUDITED)
    page = text_of(client.get(f"details?last=&sent_from={unknown}&sent_to={unknown + timedelta(days=1)}").text)
    assert f"Not audited, so that their messages are not known: {unknown}." in page
    assert "No messages match in the days that were audited." in page
    assert "0 of 1 days were audited" in page


def test_from_and_to_bound_the_time(client: TestClient) -> None:
    query = f"details?last=&sent_from={YESTERDAY}T12:00&sent_to={YESTERDAY}T13:00&page_size=100"
    times = [row[0] for row in rows_of(client.get(query).text)]
    assert times
    assert all(f"{YESTERDAY} 12:00:00" <= each < f"{YESTERDAY} 13:00:00" for each in times)


def test_every_day_shows_as_of_when_it_was_audited(client: TestClient) -> None:
    page = text_of(client.get("details").text)
    assert re.search(rf"{YESTERDAY} audited {TODAY} 09:\d\d:00 180", page)


@pytest.mark.parametrize(
    ("fields", "sentence", "wrong"),
    [
        ({"country": "Hong Kong"}, "Country: must be an ISO code of two letters, such as CN or US", "country"),
        ({"last": "", "sent_from": "soon"}, "From: is not a time", "sent_from"),
        ({"last": "", "sent_from": "2026-01-02", "sent_to": "2026-01-01"}, "From: must be before sent_to", "sent_from"),
        ({"result": "Maybe"}, "Sending result: must be", "result"),
        ({"page_size": "11"}, "Records per page: must be one of 10, 20, 50, 100", None),
        ({"template_code": "x" * 101}, "Template: has more than 100 characters", None),
        ({"phone_number": "12"}, "Mobile number:", "phone_number"),
        ({"archive": "other"}, "Archive: is not one of the archives that are configured", None),
        ({"cursor": "x" * 100}, "Page: is not one that a page named", None),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_the_way_to_correct_it(
    client: TestClient, fields: dict[str, str], sentence: str, wrong: str | None
) -> None:
    page = client.post("details", data=fields)
    assert page.status_code == 400
    assert sentence in text_of(page.text)
    if wrong:
        assert re.search(
            rf'field wrong"><span>[^<]*</span>\s*<(?:input|select) name="{wrong}"',
            page.text.replace('type="datetime-local" ', ""),
        )


@pytest.mark.parametrize("field", [*DetailsForm.__struct_fields__, "day", "anything"])
def test_a_strange_value_in_any_field_gets_a_page_or_a_sentence(client: TestClient, field: str) -> None:
    for value in ("\x00", "%00%ff", "../../etc/passwd", "9" * 100, "२०२६", "\u202e", "\r\nlocation: /", "{{ 7 * 7 }}"):
        for answer in (
            client.post("details", data={"last": "", field: value}),
            client.get("report", params={field: value}),
        ):
            assert answer.status_code in (200, 400)
            assert "Something went wrong" not in text_of(answer.text)


def test_a_damaged_file_gets_a_sentence(client: TestClient) -> None:
    page = client.get("details?archive=broken")
    assert page.status_code == 503
    assert "The archive cannot be read:" in text_of(page.text)
    assert "Traceback" not in page.text


def test_hashed_numbers_are_found_by_the_secret_of_the_connection(client: TestClient) -> None:
    page = client.post("details", data={"archive": "hashed", "phone_number": NUMBER})
    rows = rows_of(page.text)
    assert len(rows) == 2
    assert all(row[1].startswith("#") for row in rows)


def test_whole_numbers_need_the_option_and_the_right(make_client: Callable[..., TestClient]) -> None:
    for option, right in ((False, False), (False, True), (True, False), (True, True)):
        page = make_client(show_numbers=option, reads_connections=right).post("details", data={"phone_number": NUMBER})
        shown = {row[1] for row in rows_of(page.text)}
        assert shown == ({NUMBER} if option and right else {MASKED})
        assert ("team" in text_of(page.text)) is (option and right)


def test_another_site_cannot_send_the_form(client: TestClient) -> None:
    fields = {"template_code": "SMS_1"}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        assert client.post("details", data=fields, headers=headers).status_code == 403
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}, {}):
        assert client.post("details", data=fields, headers=headers).status_code == 200


def test_a_body_that_is_not_the_form_is_refused_before_it_is_read_whole(client: TestClient) -> None:
    assert client.post("details", json={"template_code": "x"}).status_code == 415
    assert client.post("details", data={"template_code": "x" * 40_000}).status_code == 413
    many = "&".join(f"f{place}=1" for place in range(100))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("details", content=many, headers=headers).status_code == 400


def test_a_page_shows_the_version(client: TestClient) -> None:
    assert f"airflow-provider-dysms {__version__}" in text_of(client.get("details").text)


def test_chinese_by_the_language_of_the_browser(client: TestClient) -> None:
    page = client.get("details?result=Missing", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    said = text_of(page)
    assert '<html lang="zh-Hans">' in page
    assert "发送详情" in said
    assert "无记录" in said
    assert not re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", said.replace("Aliyun", ""))


def test_what_comes_from_outside_is_escaped(client: TestClient) -> None:
    page = client.get("details?template_code=%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_without_an_archive_the_page_says_how_to_name_one(make_client: Callable[..., TestClient]) -> None:
    page = make_client(archives="").get("details")
    assert page.status_code == 200
    assert "archives = {" in html.unescape(page.text)


def test_options_that_cannot_be_used_get_a_sentence(make_client: Callable[..., TestClient]) -> None:
    page = make_client(archives="{").get("details")
    assert page.status_code == 503
    assert "archives must be JSON" in text_of(page.text)


def test_an_archive_without_any_day_is_unknown_and_not_empty(
    make_client: Callable[..., TestClient], empty_folder: Path
) -> None:
    page = text_of(make_client(archives=f'{{"new": "file://{empty_folder}"}}').get("details").text)
    assert "0 of 8 days were audited" in page
    assert "No messages match in the days that were audited." in page


def test_both_pages_say_which_days_come_from_receipts_alone(
    make_client: Callable[..., TestClient], tmp_path: Path
) -> None:
    write_huawei_day(tmp_path, f"file://{tmp_path}/out", YESTERDAY)
    client = make_client(archives=f'{{"huawei": "file://{tmp_path}/out"}}')
    note = f"From receipts alone, so that their states are not cross-checked: {YESTERDAY}."
    assert note in text_of(client.get("details").text)
    chinese = text_of(client.get("details", headers={"accept-language": "zh"}).text)
    assert f"以下日期的状态仅来自回执，未与服务商的记录比对：{YESTERDAY}。" in chinese
    report = text_of(client.get("report").text)
    assert "From receipts alone, so that states are not cross-checked and missing messages are not known" in report
    assert "no record" not in report


def test_a_foreign_number_is_found(client: TestClient) -> None:
    assert {row[2] for row in rows_of(client.post("details", data={"phone_number": FOREIGN_NUMBER}).text)} == {"HK"}
