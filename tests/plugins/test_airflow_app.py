"""The pages behind a real API server: who may see what, and no number in anything that Airflow writes."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from support.airflow.airflow_api import until
from support.airflow.logins import ROLES, log_in, login_settings, without_role
from support.airflow.running_airflow import RunningAirflow
from support.page_archives import NUMBER, SECRET, YESTERDAY, archives_option

pytestmark = pytest.mark.slow

PAGES = ["/dysms/report", "/dysms/details", "/dysms/number-removed", "/dysms/static/pages.css", "/dysms/"]
MASKED = f"{NUMBER[:3]}****{NUMBER[-4:]}"

#: In an address or a body of the attacks, and nowhere else.
PLANTED = "137" + "55512345"


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    """An API server with users of each role, whose option allows numbers."""
    folder = tmp_path_factory.mktemp("pages")
    environment = {
        **login_settings(folder),
        "AIRFLOW__DYSMS__ARCHIVES": archives_option(folder),
        "AIRFLOW__DYSMS__SHOW_NUMBERS": "True",
    }
    with RunningAirflow(folder / "home", parts=("api-server",), environment=environment) as running:
        yield running


def browser(airflow: RunningAirflow, role: str | None, *, cookie: bool = True) -> httpx.Client:
    token = log_in(airflow.url, role) if role else None
    cookies = {"_token": token} if token and cookie else None
    headers = {"authorization": f"bearer {token}"} if token and not cookie else None
    return httpx.Client(base_url=airflow.url, cookies=cookies, headers=headers, timeout=60, follow_redirects=True)


def numbers_on(page: str) -> set[str]:
    return set(re.findall(r"<td class=\"phone\">([^<]*)</td>", page))


def test_nothing_is_shown_without_a_login_or_without_the_right(api_server: RunningAirflow) -> None:
    nobody = without_role(api_server.environment)
    for method in ("GET", "POST"):
        for path in PAGES:
            if method == "GET" or path == "/dysms/details":
                statuses = [
                    httpx.request(method, api_server.url + path, headers=headers, timeout=60).status_code
                    for headers in (None, {"authorization": "bearer x"}, {"authorization": f"bearer {nobody}"})
                ]
                assert statuses == [401, 403, 403], (method, path)
    answer = httpx.get(f"{api_server.url}/dysms/report", headers={"accept-language": "zh"})
    assert "请登录 Airflow" in answer.text
    answer = httpx.get(f"{api_server.url}/dysms/report", headers={"authorization": f"bearer {nobody}"})
    assert "needs the right to read assets" in answer.text


@pytest.mark.parametrize("cookie", [True, False])
@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_read_connections_sees_numbers(api_server: RunningAirflow, role: str, cookie: bool) -> None:
    with browser(api_server, role, cookie=cookie) as client:
        page = client.post("/dysms/details", data={"phone_number": NUMBER})
        assert page.status_code == 200
        assert numbers_on(page.text) == {NUMBER if role in ("op", "admin") else MASKED}
        report = client.get("/dysms/report")
        assert report.status_code == 200
        assert str(YESTERDAY.year) in report.text


def test_a_connection_of_airflows_database_is_found_by_the_process_of_a_query(api_server: RunningAirflow) -> None:
    with browser(api_server, "viewer") as client:
        before = client.post("/dysms/details", data={"archive": "hashed", "phone_number": NUMBER})
        assert before.status_code == 503
        assert "archive_secret" in before.text
        extra = json.dumps({"privacy_secret": SECRET})
        connection = {"connection_id": "archive_secret", "conn_type": "dysms", "login": "x", "password": "y"}
        with browser(api_server, "admin", cookie=False) as admin:
            assert admin.post("/api/v2/connections", json={**connection, "extra": extra}).status_code == 201
        page = client.post("/dysms/details", data={"archive": "hashed", "phone_number": NUMBER})
        assert page.status_code == 200
        assert len(numbers_on(page.text)) == 1
        assert all(number.startswith("#") for number in numbers_on(page.text))


def test_a_number_in_any_field_reaches_no_log_and_no_address(api_server: RunningAirflow) -> None:
    fields = ["archive", "template_code", "phone_number", "result", "sign_name", "country", "error_code", "last"]
    fields += ["sent_from", "sent_to", "page_size", "cursor", "trail", "day", "anything"]
    spellings = (PLANTED, f"+86 {PLANTED[:3]}-{PLANTED[3:7]}-{PLANTED[7:]}", f"86{PLANTED}")
    with browser(api_server, "viewer") as viewer, browser(api_server, None) as stranger:
        for client in (viewer, stranger):
            for field in fields:
                for spelling in spellings if client is viewer else spellings[:1]:
                    for page in ("details", "report"):
                        got = client.get(f"/dysms/{page}", params={field: spelling})
                        assert_nowhere(got)
                    posted = client.post("/dysms/details", data={"last": "24h", field: spelling})
                    assert_nowhere(posted)
            assert_nowhere(client.get(f"/dysms/{PLANTED}"))
            assert_nowhere(client.get(f"/dysms/static/{PLANTED}"))
            assert_nowhere(client.post(f"/dysms/details?phone_number={PLANTED}", data={}))
    written = api_server.logs()
    assert "path=/dysms/details" in written
    digits = re.sub(r"[^0-9a-zA-Z\n]", "", written)
    assert PLANTED not in written + digits
    assert not [cell for cell, content in api_server.everything_stored() if PLANTED.encode() in content]


def assert_nowhere(response: httpx.Response) -> None:
    """The number stands in no address that a browser would go to, and in no header."""
    for each in response.history:
        assert PLANTED[3:] not in re.sub(r"[^0-9]", "", each.headers["location"])
    assert response.status_code in (200, 400, 401, 404, 405)
    if response.history:
        assert PLANTED[3:] not in re.sub(r"[^0-9]", "", str(response.url))
    assert PLANTED not in str(response.headers)
    links = "".join(re.findall(r"(?:href|src|action)=\"([^\"]*)\"", response.text))
    assert PLANTED[3:] not in re.sub(r"[^0-9]", "", links)


def test_a_query_that_hangs_holds_up_its_user_alone_and_ends_with_the_visitor(api_server: RunningAirflow) -> None:
    with browser(api_server, "viewer") as client, browser(api_server, "user") as other:
        assert client.get("/dysms/report").status_code == 200
        (idle,) = processes_of_queries(api_server)
        idle.suspend()
        hanging = threading.Thread(target=lambda: leave(api_server, "viewer", after=6))
        hanging.start()
        time.sleep(1)
        second = client.get("/dysms/report")
        assert second.status_code == 409
        assert "still running" in second.text
        assert other.get("/dysms/report").status_code == 200
        hanging.join()
        until(lambda: not idle.is_running(), 30, "the process of the visitor who has gone is ended")
        assert client.get("/dysms/report").status_code == 200


def processes_of_queries(airflow: RunningAirflow) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "answer_queries" in " ".join(process.cmdline()):
                found += [process] * (process.environ().get("AIRFLOW_HOME") == str(airflow.home))
    return found


def leave(airflow: RunningAirflow, role: str, *, after: float) -> None:
    """Ask for a page, and close the connection before it comes."""
    with browser(airflow, role) as client, contextlib.suppress(httpx.ReadTimeout):
        client.get("/dysms/report", timeout=after)


def test_the_pages_are_in_the_navigation_and_nowhere_on_other_tasks(api_server: RunningAirflow) -> None:
    with browser(api_server, "admin", cookie=False) as admin:
        plugins = admin.get("/api/v2/plugins").json()["plugins"]
        assert admin.get("/api/v2/plugins/importErrors").json()["import_errors"] == []
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "dysms"]
    assert [(view["name"], view["destination"], view["href"]) for view in ours["external_views"]] == [
        ("SMS delivery", "nav", "/dysms/report"),
        ("SMS sending details", "nav", "/dysms/details"),
    ]


def test_the_option_pages_switches_all_off(tmp_path: Path) -> None:
    environment = {**login_settings(tmp_path), "AIRFLOW__DYSMS__PAGES": "False"}
    with RunningAirflow(tmp_path / "home", parts=("api-server",), environment=environment) as running:
        with browser(running, "admin", cookie=False) as admin:
            assert "<title>Airflow" in admin.get("/dysms/report").text  # what Airflow says of unknown paths
            plugins = admin.get("/api/v2/plugins").json()["plugins"]
        (ours,) = [plugin for plugin in plugins if plugin["name"] == "dysms"]
        assert ours["fastapi_apps"] == ours["external_views"] == []
        with urllib.request.urlopen(f"{running.url}/dysms/details", timeout=60) as page:
            assert b"Sending details" not in page.read()
