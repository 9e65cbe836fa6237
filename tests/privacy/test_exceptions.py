"""No exception holds what was asked, sent or answered, nor does any in its chain; each says what is needed to go on."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.privacy.canaries import Canaries

from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.request_executor import RequestExecutor
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook, airflow_errors
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import (
    DysmsQueryMessageOperator,
    DysmsQuerySendDetailsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

PLANTED = Canaries()
NUMBER, FOREIGN, TEXT = PLANTED.number("n"), PLANTED.foreign("f"), PLANTED.text("t")
KEY = PLANTED.secret("privacy_secret")
TODAY = dates.beijing_day(datetime.now(UTC))

#: What goes wrong; a server may put anything into its answers, what it was asked for too.
FAULTS: dict[str, dict[str, Any]] = {
    "a number as the code": {"kind": "business", "code": NUMBER},
    "a text as the code": {"kind": "business", "code": TEXT},
    "refused by the gateway": {"kind": "status", "status": 400, "code": f"InvalidParameter.{FOREIGN}"},
    "refused by the service": {"kind": "business", "code": "isv.MOBILE_NUMBER_ILLEGAL"},
    "overloaded": {"kind": "status", "status": 503, "code": "ServiceUnavailable"},
    "throttled": {"kind": "throttle"},
    "reset": {"kind": "reset"},
    "HTML": {"kind": "html"},
    "cut off": {"kind": "truncated"},
    "redirected": {"kind": "redirect", "location": f"https://example.com/{NUMBER}"},
    "too slow": {"kind": "stall", "seconds": 3},
}

ENTRIES: dict[str, Callable[[Any], Any]] = {
    "QuerySendDetails": lambda client: client.query_send_details(NUMBER, TODAY),
    "QueryMessage": lambda client: client.query_message("1790000000000001"),
    "QuerySendStatistics": lambda client: client.query_send_statistics(TODAY),
    "SendSms": lambda client: client.send_sms([NUMBER], "sign", "SMS_1", {"code": TEXT}),
    "SendMessageToGlobe": lambda client: client.send_message_to_globe(FOREIGN, TEXT),
}

ONCE = RetryPolicy(max_attempts=1, throttle_timeout=0)

#: As many attempts as in production, with hardly a wait before each.
HASTY = RetryPolicy(wait_initial=0.01)


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.add_account(access_key_id=PLANTED.secret("id"), access_key_secret=PLANTED.secret("secret"))
    right = {
        **emulator.connection(privacy_secret=KEY, timeout=1),
        "login": PLANTED.secret("id"),
        "password": PLANTED.secret("secret"),
    }
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(right))
    wrong = {**right, "password": PLANTED.secret("another secret")}
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps(wrong))


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Everything that any logger says, at level DEBUG."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"{record.getMessage()} {record.args!r} {record.exc_info}")

    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    yield said
    root.setLevel(level)
    root.removeHandler(ear)


def everything_in(error: BaseException) -> bytes:
    """Return all that can be got out of an exception: its words, arguments and fields, and those of its whole chain."""
    seen: dict[int, BaseException] = {}
    open_ends: list[BaseException | None] = [error]
    while open_ends:
        each = open_ends.pop()
        if each is not None and id(each) not in seen:
            seen[id(each)] = each
            open_ends += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    parts = ["".join(traceback.format_exception(error))]
    for each in seen.values():
        parts += [str(each), repr(each), repr(each.args), repr(vars(each)), repr(getattr(each, "__notes__", ()))]
    return "\n".join(parts).encode() + b"".join(pickle.dumps((each.args, vars(each))) for each in seen.values())


async def ask_everything(client: DysmsClient) -> list[Any]:
    """Return what became of every question."""
    return await asyncio.gather(*(ask(client) for ask in ENTRIES.values()), return_exceptions=True)


def raised(run: Callable[[], Any]) -> Exception:
    """Return what is raised."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run()
    return caught.value


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_shows_in_no_error_and_no_log(fault: str, emulator: Emulator, heard: list[str]) -> None:
    emulator.fault(**FAULTS[fault], times=None)
    for action, cause in zip(ENTRIES, DysmsHook().run(ask_everything, retry=ONCE), strict=True):

        def fail(cause: Any = cause) -> None:
            with airflow_errors():
                raise cause

        error = raised(fail)
        assert PLANTED.found_in(everything_in(error)) == {}, (fault, action)
        assert error.__cause__ is cause
        if fault not in ("reset", "cut off", "too slow", "HTML", "redirected"):
            assert action in str(error)
            assert cause.request_id in str(error)
    assert heard
    assert PLANTED.found_in("\n".join(heard).encode()) == {}


def test_rows_that_were_not_asked_for_show_nowhere(emulator: Emulator, heard: list[str]) -> None:
    settings = DysmsHook().settings

    async def ask_without_pauses() -> None:
        async with DysmsClient(settings, sleep=lambda seconds: asyncio.sleep(0)) as client:
            await ENTRIES["QuerySendDetails"](client)

    emulator.add_messages([{"phone_number": number, "content": TEXT} for number in (NUMBER, PLANTED.number("other"))])
    for plan in ({"kind": "foreign_rows"}, {"kind": "total_count", "value": NUMBER}):
        emulator.fault(**plan, times=None)
        error = raised(lambda: asyncio.run(ask_without_pauses()))
        assert PLANTED.found_in(everything_in(error)) == {}
        emulator.clear_faults()
    assert PLANTED.found_in("\n".join(heard).encode()) == {}


@pytest.mark.parametrize(
    "run",
    [
        lambda: DysmsHook().query_send_details(f"+86 {NUMBER}1", TODAY),
        lambda: DysmsHook().query_send_details(NUMBER, NUMBER),
        lambda: DysmsHook().query_message(TEXT),
        lambda: DysmsHook().send_sms([NUMBER, f"{NUMBER}1"], "sign", "SMS_1"),
        lambda: DysmsHook().send_sms([NUMBER], TEXT * 100, "SMS_1"),
        lambda: DysmsHook().send_sms([NUMBER], "sign", "SMS_1", f'{{"code": {TEXT}'),
        lambda: DysmsHook().send_sms([NUMBER], "sign", "SMS_1", {"code": {1: {TEXT}}}),
        lambda: DysmsHook().send_message_to_globe(NUMBER, TEXT),
        lambda: DysmsHook().send_message_to_globe(FOREIGN, TEXT, message_type=TEXT),
        lambda: DysmsHook("wrong").query_send_details(NUMBER, TODAY),  # its signature is told, with the whole request
        lambda: DysmsQuerySendDetailsOperator(task_id="t", phone_numbers=[NUMBER, f"{NUMBER}1"]).execute({}),
        lambda: DysmsQuerySendDetailsOperator(task_id="t", phone_numbers=f"[{NUMBER}").execute({}),
        lambda: DysmsQuerySendDetailsOperator(task_id="t", phone_numbers={NUMBER: TEXT}, send_date=NUMBER).execute({}),
        lambda: DysmsQueryMessageOperator(task_id="t", message_ids=[{"kind": "sms", "token": NUMBER}]).execute({}),
        lambda: DysmsSendSmsOperator(
            task_id="t", phone_numbers=[NUMBER, NUMBER], sign_name="sign", template_code="SMS_1", template_param=TEXT
        ).execute({}),
        lambda: DysmsSendMessageToGlobeOperator(task_id="t", to=NUMBER, message=TEXT).execute({}),
        lambda: DysmsToObjectStorageOperator(
            task_id="t", output_uri=f"{NUMBER}://{TEXT}", phone_numbers=[NUMBER], send_date=TODAY
        ).execute({}),
        lambda: DysmsToObjectStorageOperator(
            task_id="t", output_uri="file:///x", phone_numbers=[f"{NUMBER}1"], send_date=TODAY, match=NUMBER
        ).execute({}),
    ],
)
def test_what_cannot_be_asked_is_not_repeated(run: Callable[[], Any], heard: list[str]) -> None:
    assert PLANTED.found_in(everything_in(raised(run))) == {}
    assert PLANTED.found_in("\n".join(heard).encode()) == {}


def test_a_refused_number_is_named_by_its_place_and_its_token(emulator: Emulator) -> None:
    emulator.fault("business", code="isv.MOBILE_NUMBER_ILLEGAL", where={"PhoneNumber": NUMBER}, times=None)
    ask = DysmsQuerySendDetailsOperator(task_id="t", phone_numbers=[PLANTED.number("other"), NUMBER], send_date=TODAY)
    with pytest.raises(AirflowFailException) as caught:
        ask.execute({})
    said, cause = str(caught.value), caught.value.__cause__
    assert said.startswith(f"phone_numbers (number 2 of the list, token {PrivacyKey(KEY).phone_token(NUMBER)}): ")
    assert isinstance(cause, DysmsError)
    assert f"request id {cause.request_id}" in said


def in_frames_of(error: BaseException) -> str:
    """Return what the frames of an error and of its chain hold, as tools that show locals print it."""
    seen: list[BaseException] = []
    open_ends: list[BaseException | None] = [error]
    while open_ends:
        each = open_ends.pop()
        if each is not None and each not in seen:
            seen.append(each)
            open_ends += [each.__cause__, each.__context__]
    frames = [frame for each in seen for frame, _ in traceback.walk_tb(each.__traceback__)]
    return "\n".join(repr(frame.f_locals) for frame in frames if frame.f_globals["__name__"] != __name__)


@pytest.mark.parametrize("fault", ["reset", "HTML", "refused by the service", "refused by the gateway", "unexpected"])
@pytest.mark.parametrize(
    "operator",
    [
        lambda: DysmsSendSmsOperator(
            task_id="t", phone_numbers=[NUMBER], sign_name="a", template_code="SMS_1", template_param={"code": TEXT}
        ),
        lambda: DysmsSendMessageToGlobeOperator(task_id="t", to=f"+{FOREIGN}", message=TEXT),
        lambda: DysmsQuerySendDetailsOperator(task_id="t", phone_numbers=[NUMBER], send_date=TODAY),
        lambda: DysmsSendDetailsSensor(task_id="t", phone_numbers=[NUMBER], out_id="a", timeout=0, deferrable=False),
        lambda: DysmsToObjectStorageOperator(
            task_id="t", phone_numbers=[NUMBER], send_date=TODAY, output_uri="file:///tmp/not-there"
        ),
    ],
)
def test_no_frame_that_an_error_leaves_with_holds_a_number_or_a_text(
    operator: Callable[[], Any], fault: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "unexpected":

        def fail(self: Any, call: Any, *_: Any, **__: Any) -> Any:
            raise KeyError(NUMBER, TEXT, call)

        monkeypatch.setattr(RequestExecutor, "execute", fail)
    else:
        emulator.fault(**FAULTS[fault], times=None)
    monkeypatch.setattr("airflow_provider_dysms.api.client.RetryPolicy", lambda: HASTY)
    task = operator()
    ti = SimpleNamespace(
        dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, start_date=datetime.now(UTC), max_tries=0
    )
    error = raised(lambda: task.execute({"ti": ti, "task": task}))
    assert PLANTED.found_in(in_frames_of(error).encode()) == {}
    assert PLANTED.found_in(everything_in(error)) == {}
    assert isinstance(error, AirflowException)
    if fault == "unexpected" and not isinstance(task, DysmsSendDetailsSensor):
        assert "An unexpected KeyError in airflow_provider_dysms." in str(error)


def test_a_frame_that_tells_is_found_out() -> None:
    error = raised(lambda: DysmsHook().query_send_details(NUMBER, "no day"))
    assert PLANTED.found_in(in_frames_of(error).encode()).keys() == {"number n"}


def test_an_exception_that_tells_is_found_out() -> None:
    def tell() -> None:
        try:
            int(NUMBER + "x")
        except ValueError as error:
            raise RuntimeError("something went wrong") from error

    assert PLANTED.found_in(everything_in(raised(tell))).keys() == {"number n"}
