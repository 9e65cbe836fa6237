"""The pages in a browser: the form and the table filter by filter, the report, and what a visitor may not see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect
from support.airflow.logins import log_in, login_settings
from support.airflow.running_airflow import RunningAirflow
from support.page_archives import (
    FAILED_NUMBER,
    FOREIGN_NUMBER,
    NOT_AUDITED,
    NUMBER,
    TODAY,
    UNKNOWN_NUMBER,
    YESTERDAY,
    archives_option,
)

ARTIFACTS_WIDTH, PHONE = 1280, {"width": 390, "height": 844}
MASKED = f"{NUMBER[:3]}****{NUMBER[-4:]}"

Open = Callable[..., Page]
Picture = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    """An API server with a user of each role, and archives."""
    folder = tmp_path_factory.mktemp("pages")
    environment = {**login_settings(folder), "AIRFLOW__DYSMS__ARCHIVES": archives_option(folder)}
    environment["AIRFLOW__DYSMS__SHOW_NUMBERS"] = "True"
    with RunningAirflow(folder / "home", parts=("api-server",), environment=environment) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, airflow: RunningAirflow) -> Iterator[Open]:
    """Open a page as a user; what the console says, and requests to other hosts, fail the test."""
    contexts, complaints = [], []

    def visit(path: str, *, role: str | None = "viewer", size: dict[str, int] | None = None, **options: str) -> Page:
        viewport = size or {"width": ARTIFACTS_WIDTH, "height": 900}
        context = browser.new_context(base_url=airflow.url, viewport=viewport, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        if role:
            context.add_cookies([{"name": "_token", "value": log_in(airflow.url, role), "url": airflow.url}])
        page = context.new_page()
        page.on("console", lambda said: "Content Security Policy" in said.text and complaints.append(said.text))
        page.on("request", lambda asked: _is_elsewhere(asked, airflow.url) and complaints.append(asked.url))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def _is_elsewhere(request: Request, url: str) -> bool:
    """Return whether a page of ours asks another host; Airflow's own pages may."""
    ours = request.frame.url.startswith(f"{url}/dysms") or request.is_navigation_request()
    return ours and not request.url.startswith((url, "about:"))


def rows(page: Page) -> Locator:
    return page.locator("table.records tbody")


def query(page: Page) -> None:
    with page.expect_navigation():  # the page before it has the button and a table too
        page.get_by_role("button", name="Query").click()


def test_a_visitor_logs_in_and_finds_both_pages_in_the_navigation(visit: Open, picture: Picture) -> None:
    page = visit("/plugin/sms-delivery", role=None)
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill("password of viewer")
    page.get_by_role("button", name="Sign in").click()
    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading", level=1)).to_contain_text(str(YESTERDAY.year))
    picture(page, "pages-in-airflow-report")
    page.get_by_role("button", name="Plugins").click()
    page.get_by_role("menuitem", name="SMS sending details").click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="Sending details")).to_be_visible()
    expect(page.frame_locator("iframe").locator("table.records tbody")).to_have_count(10)
    picture(page, "pages-in-airflow-details")


@pytest.mark.parametrize(
    ("label", "value", "column", "expected"),
    [
        ("Template", "SMS_100000002", "template", "SMS_100000002"),
        ("Signature", "阿里云", "sign", "阿里云"),
        ("Country", "hk", "country", "HK"),
        ("Status code", "MI:0024", "status", "MI:0024"),
    ],
)
def test_a_text_filter(visit: Open, label: str, value: str, column: str, expected: str) -> None:
    page = visit("/dysms/details")
    page.get_by_label(label, exact=True).fill(value)
    query(page)
    expect(page).to_have_url(re.compile(r"/dysms/details\?[^=]+=[^&]+$"))
    assert set(rows(page).locator(f"td.{column}").all_inner_texts()) == {expected}
    expect(page.get_by_label(label, exact=True)).to_have_value(value)


@pytest.mark.parametrize("result", ["Successful", "Sending", "Failed", "Missing"])
def test_the_filter_of_the_result(visit: Open, result: str) -> None:
    page = visit("/dysms/details")
    page.get_by_label("Sending result").select_option(result)
    query(page)
    expect(page).to_have_url(re.compile(rf"result={result}$"))
    assert set(rows(page).locator("td.result").all_inner_texts()) == {result}


@pytest.mark.parametrize(("number", "found"), [(NUMBER, MASKED), (FOREIGN_NUMBER, None), (UNKNOWN_NUMBER, None)])
def test_a_number_stands_in_no_address_and_no_history(
    visit: Open, picture: Picture, number: str, found: str | None
) -> None:
    page = visit("/plugin/sms-sending-details")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Mobile number").fill(f"+{number}" if number == FOREIGN_NUMBER else number)
    frame.get_by_role("button", name="Query").click()
    if number == UNKNOWN_NUMBER:
        expect(frame.get_by_text("No messages match in the days that were audited.")).to_be_visible()
    else:
        expect(frame.get_by_text("has no address to share")).to_be_visible()
        shown = set(frame.locator("table.records td.phone").all_inner_texts())
        assert shown == {found or f"{number[:3]}****{number[-4:]}"}
        picture(page, f"pages-number-{'foreign' if found is None else 'found'}")
    inner = page.frames[-1]
    addresses = [page.url, inner.url, inner.evaluate("document.referrer"), str(page.evaluate("history.length"))]
    addresses += page.evaluate("performance.getEntries().map(each => each.name)")
    addresses += inner.evaluate("performance.getEntries().map(each => each.name)")
    assert number[3:] not in re.sub(r"[^0-9]", "", " ".join(addresses))
    page.reload()  # the page without the number
    expect(page.frame_locator("iframe").get_by_label("Mobile number")).to_have_value("")


def test_the_last_hour_and_the_last_day(visit: Open) -> None:
    page = visit("/dysms/details")
    for label, last in (("Last 1 hour", "1h"), ("Last 24 hours", "24h"), ("Last 30 days", "30d")):
        page.get_by_label(label).check()
        query(page)
        expect(page).to_have_url(re.compile(f"last={last}$"))
        expect(page.get_by_label(label)).to_be_checked()
        expect(page.get_by_text("The audits reach to")).to_be_visible() if last != "1h" else None


def test_from_and_to(visit: Open, picture: Picture) -> None:
    page = visit("/dysms/details")
    page.get_by_label("From – to").check()
    page.get_by_label("From", exact=True).fill(f"{YESTERDAY}T12:00")
    page.get_by_label("To", exact=True).fill(f"{YESTERDAY}T14:00")
    query(page)
    times = rows(page).locator("td.time").all_inner_texts()
    assert times
    assert all(f"{YESTERDAY} 12:00" <= each < f"{YESTERDAY} 14:00" for each in times)
    picture(page, "pages-from-to")


def test_paging_there_and_back(visit: Open) -> None:
    page = visit("/dysms/details?result=Failed&page_size=20")
    expect(rows(page)).to_have_count(20)
    first = rows(page).first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text(re.compile("^21 – "))).to_be_visible()
    assert rows(page).first.inner_text() != first
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text(re.compile("^1 – 20"))).to_be_visible()
    assert rows(page).first.inner_text() == first


def test_the_pages_of_a_number_are_reached_without_an_address(visit: Open) -> None:
    page = visit("/dysms/details")
    page.get_by_label("Last 30 days").check()
    page.get_by_label("Mobile number").fill(FAILED_NUMBER)
    query(page)
    expect(rows(page)).to_have_count(10)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("11 – 11 of 11")).to_be_visible()
    assert page.url.endswith("/dysms/details")
    page.get_by_role("button", name="Previous").click()
    expect(rows(page)).to_have_count(10)


def test_more_about_a_record(visit: Open, picture: Picture) -> None:
    page = visit("/dysms/details?result=Failed")
    page.get_by_label("More").first.check()
    expect(page.get_by_text("Cause").first).to_be_visible()
    page.get_by_text("days were audited").click()
    expect(page.get_by_role("rowheader", name=str(YESTERDAY))).to_be_visible()
    picture(page, "pages-more")


def test_a_day_that_was_not_audited_is_not_an_empty_one(visit: Open, picture: Picture) -> None:
    day = TODAY - timedelta(days=NOT_AUDITED)
    page = visit(f"/dysms/details?last=&sent_from={day}T00:00&sent_to={day + timedelta(days=1)}T00:00")
    expect(page.get_by_text(f"Not audited, so that their messages are not known: {day}.")).to_be_visible()
    picture(page, "pages-not-audited")


def test_a_damaged_file_and_a_wrong_field_get_sentences(visit: Open, picture: Picture) -> None:
    page = visit("/dysms/details?archive=broken")
    expect(page.get_by_role("alert")).to_contain_text("is not what its manifest says")
    picture(page, "pages-damaged")
    page = visit("/dysms/details?country=China")
    expect(page.get_by_role("alert")).to_contain_text("Country: must be an ISO code")
    expect(page.get_by_label("Country", exact=True)).to_have_attribute("aria-invalid", "true")
    picture(page, "pages-wrong-field")


def test_a_number_in_another_field_is_found_nowhere_and_the_page_says_why(visit: Open, picture: Picture) -> None:
    page = visit("/dysms/details")
    page.get_by_label("Template").fill(NUMBER)
    query(page)
    expect(page.get_by_text("looks like a phone number")).to_be_visible()
    assert NUMBER not in page.url
    page = visit(f"/dysms/details?template_code={NUMBER}")
    expect(page.get_by_role("alert")).to_contain_text("The address held what may be a phone number")
    assert page.url.endswith("/dysms/number-removed")
    picture(page, "pages-number-in-address")


def test_numbers_are_for_who_may_read_connections(visit: Open, picture: Picture) -> None:
    for role, shown in (("viewer", MASKED), ("user", MASKED), ("op", NUMBER), ("admin", NUMBER)):
        page = visit("/dysms/details", role=role)
        page.get_by_label("Mobile number").fill(NUMBER)
        query(page)
        assert set(rows(page).locator("td.phone").all_inner_texts()) == {shown}
    page.get_by_label("More").first.check()
    picture(page, "pages-admin")


def test_without_a_login_a_sentence(visit: Open, picture: Picture) -> None:
    page = visit("/dysms/details", role=None)
    expect(page.get_by_text("Log in to Airflow to see this page.")).to_be_visible()
    picture(page, "pages-no-login")


@pytest.mark.parametrize(
    ("name", "path", "options"),
    [
        ("details-zh-dark", "/dysms/details?last=30d", {"locale": "zh-CN", "color_scheme": "dark"}),
        ("details-phone", "/dysms/details?last=30d", {"size": PHONE}),
        ("details-phone-zh-dark", "/dysms/details", {"size": PHONE, "locale": "zh-CN", "color_scheme": "dark"}),
        ("report", "/dysms/report", {}),
        ("report-dark", "/dysms/report", {"color_scheme": "dark"}),
        ("report-zh", "/dysms/report", {"locale": "zh-CN"}),
        ("report-phone", "/dysms/report", {"size": PHONE}),
        ("report-not-audited", f"/dysms/report?day={TODAY - timedelta(days=NOT_AUDITED)}", {}),
    ],
)
def test_looks(visit: Open, picture: Picture, name: str, path: str, options: dict[str, str]) -> None:
    page = visit(path, **options)
    expect(page.locator("main")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if options.get("locale") else "en")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0
    picture(page, f"pages-{name}")


@pytest.mark.parametrize("name", ["details", "report"])
def test_print_leaves_out_what_paper_cannot_do(visit: Open, picture: Picture, name: str) -> None:
    page = visit(f"/dysms/{name}", size={"width": 794, "height": 1123})
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("button").first).to_be_hidden()
    picture(page, f"pages-{name}-print")


def test_the_report_leads_from_day_to_day(visit: Open) -> None:
    page = visit("/dysms/report")
    page.get_by_label("Day before").click()
    expect(page).to_have_url(re.compile(f"day={YESTERDAY - timedelta(days=1)}$"))
    page.get_by_label("Day", exact=True).fill(str(YESTERDAY))
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(f"day={YESTERDAY}"))
    page.get_by_label("Archive").select_option("hashed")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("archive=hashed"))
    page.get_by_role("link", name="Sending details").click()
    expect(page).to_have_url(re.compile(r"details\?archive=hashed"))
