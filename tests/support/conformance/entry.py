"""A way into the package, the place of one case, and its end: rows as a book has them, or an error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.hooks.dysms import DysmsSendUncertain
from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.delivery import judge_message, judge_send_detail
from airflow_provider_dysms.model.records import MessageReport, SendDetail, SendStatistics
from support.conformance.book import Row

SECRET, PRIVACY_KEY = "a-secret-of-nothing", "k" * 32


class Refused(Exception):
    """An entry refused to give rows.

    :param error: the class of error, by name; ``timeout`` where a wait went on to its end
    :param again: whether Airflow tries the task again; ``None`` without a task
    :param uncertain: whether a message may have been sent
    """

    def __init__(self, error: str, again: bool | None = None, *, uncertain: bool = False) -> None:
        super().__init__(f"{error}{'' if again is None else ', tried again' if again else ', for good'}")
        self.error = error
        self.again = again
        self.uncertain = uncertain


@dataclass(frozen=True)
class Place:
    """Where one case happens.

    :param login: nobody else's, and with it the budget
    :param folder: for what it writes; it exists
    :param timeout: of the connection, seconds
    """

    port: int
    login: str
    folder: Path
    timeout: float

    @property
    def settings(self) -> Settings:
        credentials = Credentials(self.login, SECRET)
        return Settings(credentials=credentials, host="127.0.0.1", port=self.port, timeout=self.timeout, quota_share=1)

    @contextmanager
    def connection(self) -> Iterator[str]:
        """Define the connection and return its id."""
        extra = {"timeout": self.timeout, "quota_share": 1, "privacy_secret": PRIVACY_KEY}
        fields = {"conn_type": "dysms", "login": self.login, "password": SECRET, "host": "127.0.0.1"}
        name = f"AIRFLOW_CONN_{self.login.upper()}"
        os.environ[name] = json.dumps({**fields, "schema": "http", "port": self.port, "extra": extra})
        try:
            yield self.login.lower()
        finally:
            del os.environ[name]


Ask = Callable[[Place], list[Row]]


@dataclass(frozen=True)
class Entry:
    """One way in.

    :param kind: ``client``, ``hook``, ``operator``, ``transfer``, ``sensor`` or ``trigger``
    :param watches: it asks for one message of many
    """

    name: str
    kind: str
    action: str
    ask: Ask
    watches: bool = False


ENTRIES: dict[str, Entry] = {}


def entry(name: str, action: str, *, watches: bool = False) -> Callable[[Ask], Ask]:
    def put(ask: Ask) -> Ask:
        ENTRIES[f"{name}, {action}"] = Entry(name, name.split()[0], action, ask, watches)
        return ask

    return put


class Instance(SimpleNamespace):
    """As much of a task instance as a poking sensor looks at."""

    def xcom_push(self, key: str, value: Any) -> None:
        pass


def context() -> Any:
    return {
        "ti": Instance(start_date=datetime.now(UTC), try_number=1, dag_id="d", run_id="r", task_id="t", map_index=-1)
    }


def run(place: Place, operator: Callable[..., Any], **arguments: Any) -> Any:
    """Run a task; say of its error what it is about and whether Airflow tries again."""
    with place.connection() as conn_id:
        task = operator(task_id="t", dysms_conn_id=conn_id, **arguments)
        try:
            return task.execute(context())
        except AirflowSensorTimeout:
            raise Refused("timeout") from None
        except Exception as error:
            again, uncertain = not isinstance(error, AirflowFailException), isinstance(error, DysmsSendUncertain)
            if isinstance(error.__cause__, errors.DysmsError):
                raise Refused(type(error.__cause__).__name__, again, uncertain=uncertain) from error
            raise


@contextmanager
def errors_of_the_api() -> Iterator[None]:
    try:
        yield
    except errors.DysmsError as error:
        raise Refused(type(error).__name__) from error


def told(found: Any) -> list[Row]:
    """Return records as a book tells them."""
    if not isinstance(found, list):
        return [{"id": getattr(found, "biz_id", None) or getattr(found, "message_id", None)}]
    return [_told(record) for record in found]


def _told(record: SendDetail | SendStatistics | MessageReport) -> Row:
    if isinstance(record, SendStatistics):
        names = ("total", "delivered", "failed", "waiting")
        return {"send_date": str(record.send_date), **{name: getattr(record, name) for name in names}}
    judge: Any = judge_send_detail if isinstance(record, SendDetail) else judge_message
    names = ("phone_number", "error_code", "content")
    names += ("template_code", "out_id") if isinstance(record, SendDetail) else ("message_id",)
    return {
        **{name: getattr(record, name) for name in names},
        "state": judge(record, datetime.now(UTC)).state.value,
        "sent_at": _iso(record.sent_at),
        "received_at": _iso(record.received_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant and instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
