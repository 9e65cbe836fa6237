"""The scene of a canary run: what is planted where, and what goes wrong with which number."""

from __future__ import annotations

import csv
import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from airflow_provider_dysms.emulator import Emulator
from support.privacy import archive_scene
from support.privacy.canaries import Canaries

#: Numbers that the DAG passes on, by how it does, or by what becomes of them.
NUMBERS = (
    *("leaked", "hook", "literal", "default_args", "macro", "params", "upstream", "expand", "partial", "also_partial"),
    *("rescheduled", "refused", "stalled", "sent", "uncertain", "arrived", "failed", "fails_later", "kept"),
    *archive_scene.NUMBERS,
)
FOREIGN = ("hook_foreign", "refused_foreign", "abroad")
TEXTS = ("hook", "partial", "abroad", "sent", "uncertain", "refused")

#: Loggers that say most of what was sent and answered.
LOGGERS = ("httpx", "httpcore", "asyncio", "urllib3", "botocore", "aiobotocore", "s3fs", "airflow_provider_dysms")

#: The id of a message that is not there from the start.
OPEN = "1790000000999999"

#: Audits that are killed.
KILLED = {"audit_killed_plain", "audit_killed_hashed"}

#: What the killed audits have done when they are killed: their last question is not answered.
ANSWERED = 60


class Scene:
    """Everything that a run of the canary DAG meets.

    :param folder: where its files go
    :param emulator: the service
    :param output: what the emulator says
    :param s3: client of an S3 server that has a bucket ``audits``
    """

    #: By DAG, the tasks that have to be stored as waiting before their messages arrive.
    waits: ClassVar[dict[str, set[str]]] = {
        "canary": {"careless", "deferrable", "reschedule"},
        "canary_more": {"message_reschedule", "message_deferrable", "deferrable_fails"},
        "canary_archive": set(),
    }

    def __init__(self, folder: Path, emulator: Emulator, output: Path, s3: Any) -> None:
        self.canaries = Canaries()
        self.folder = folder
        self.emulator = emulator
        self.output = output
        self.s3 = s3
        #: What Airflow stored for a while only, by place.
        self.passing: dict[str, set[bytes]] = {}
        now = emulator.now()
        self.day = (now + timedelta(hours=8)).date()
        self._later = (now + timedelta(hours=1)).isoformat()  # or with a tick
        for name in ("sent", "out", "temporary", "leak", "lineage"):
            (folder / name).mkdir()

    def plant(self) -> dict[str, str]:
        """Fill the service and the send logs, plan what goes wrong; return the environment of an Airflow."""
        number, foreign = self.canaries.number, self.canaries.foreign
        self.emulator.configure(transition="tick")
        self.emulator.add_templates({"SMS_1": "您的验证码是 ${code}"})
        ids = self._international_messages()
        self._mainland_messages()
        self._logs(ids)
        self._faults(ids)
        archive_scene.plant_archive(self)
        planted = {
            "number": {
                **{name: number(name) for name in NUMBERS},
                **{name: foreign(name) for name in FOREIGN},
            },
            "text": {name: self.canaries.text(name) for name in TEXTS},
            "ids": ids,
            "day": self.day.isoformat(),
            "sent": f"file://{self.folder}/sent",
            "out": f"file://{self.folder}/out",
            "archives": f"file://{self.folder}",
            "leak": f"{self.folder}/leak",
        }
        self.s3.upload_file(str(self.folder / "sent" / "s3.csv"), "audits", "sent.csv")
        (self.folder / "planted.json").write_text(json.dumps(planted))
        return {
            "PLANTED": str(self.folder / "planted.json"),
            "TMPDIR": str(self.folder / "temporary"),
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            "AIRFLOW__LOGGING__NAMESPACE_LEVELS": " ".join(f"{name}=DEBUG" for name in LOGGERS),
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": f"{self.folder}/lineage/event", "debug_mode": True}
            ),
            **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in self._connections().items()},
        }

    def begin(self, dag_id: str) -> None:
        """Add what only waits for a DAG: an arrival lets everything arrive."""
        if dag_id == "canary_more":
            self._message(self.canaries.foreign("open"), "open", message_id=OPEN, settles_at=self._later)
            story = {"out_id": "later", "settles_at": self._later, "state": "failed"}
            self._message(self.canaries.number("fails_later"), "fails_later", **story)
        elif dag_id == "canary_archive":
            archive_scene.plant_old_day(self)

    def has_kept_something(self, task_id: str) -> bool:
        """Say whether an audit that is meant to be killed has kept a part of its answers."""
        return any((self.folder / "out" / task_id.removeprefix("audit_") / "_spool").rglob("*.segment"))

    def arrive(self) -> None:
        """Let every message arrive that waits, and every trigger of the careless one end."""
        self.emulator.tick()
        (self.folder / "leak" / self.canaries.number("leaked")).touch()

    def _mainland_messages(self) -> None:
        stories: dict[str, dict[str, Any]] = {
            **{name: {} for name in ("hook", "literal", "default_args", "macro", "params", "upstream", "expand")},
            **{name: {} for name in ("source", "stalled", "kept")},
            "rescheduled": {"out_id": "rescheduled", "settles_at": self._later},
            "arrived": {"out_id": "failed"},
            "failed": {"out_id": "failed", "state": "failed"},
        }
        for name, story in stories.items():
            self._message(self.canaries.number(name), name, **story)

    def _international_messages(self) -> dict[str, str]:
        stories: dict[str, dict[str, Any]] = {
            "hook": {},
            "failed": {"state": "failed"},
            "never": {"state": "waiting"},
            "refused": {},
            "audit_plain": {},
            # What a carrier writes there is anybody's guess.
            "audit_hashed": {"state": "failed", "error_code": f"NO ROUTE TO +{self.canaries.foreign('audit_hashed')}"},
        }
        ids = {
            name: self._message(self.canaries.foreign(name), name, **story)["message_id"]
            for name, story in stories.items()
        }
        return {**ids, "open": OPEN}

    def _logs(self, ids: dict[str, str]) -> None:
        number = self.canaries.number
        for log in ("plain", "s3"):
            self._message(number(log), log, out_id=log)
            self._csv(log, [[number(log), log, "", "spring"], ["", "", ids["audit_plain"], "spring"]])
        # One that cannot be asked.
        rejected = number("rejected") + "1"
        with (self.folder / "sent" / "plain.csv").open("a") as log_file:
            csv.writer(log_file).writerow([rejected, "", "", ""])
        self._csv("rejected", [[number("rejected") + "2", "", "", ""]])
        self._message(number("hashed"), "hashed", out_id="hashed", state="failed", error_code=f"+86 {number('hashed')}")
        lines = [
            {"phone_number": "+86 " + number("hashed"), "out_id": "hashed"},
            {"message_id": ids["audit_hashed"]},
            {"phone_number": number("hashed_rejected") + "1"},
        ]
        (self.folder / "sent" / "hashed.jsonl").write_text("\n".join(map(json.dumps, lines)))
        self._csv("refused", [[number("refused"), "refused", "", ""]])
        self._csv("incomplete", [[number("unknown"), "unknown", "", ""]])
        for phone in ("plain", "hashed"):
            killed = [number(f"killed_{phone}_{place}") for place in range(ANSWERED)]
            for each in killed:
                self._message(each, f"killed_{phone}", out_id="killed")
            self._csv(f"killed_{phone}", [[each, "killed", "", ""] for each in (*killed, number(f"killed_{phone}"))])

    def _faults(self, ids: dict[str, str]) -> None:
        emulator, number, foreign = self.emulator, self.canaries.number, self.canaries.foreign
        where = {"where": {"PhoneNumber": number("refused")}, "times": None}
        emulator.fault("business", code="isv.MOBILE_NUMBER_ILLEGAL", **where)
        where["where"] = {"PhoneNumbers": number("refused")}
        emulator.fault("business", code="isv.MOBILE_NUMBER_ILLEGAL", **where)
        where["where"] = {"To": foreign("refused_foreign")}
        emulator.fault("business", code="MOBILE_NUMBER_ILLEGAL", **where)
        where["where"] = {"MessageId": ids["refused"]}
        emulator.fault("business", code="FORBIDDEN_ACTION", **where)
        emulator.fault("reset", where={"PhoneNumbers": number("uncertain")})
        emulator.fault("status", where={"PhoneNumber": number("literal")})
        emulator.fault("html", where={"PhoneNumber": number("fails_later")})
        for name in ("stalled", "killed_plain", "killed_hashed"):
            emulator.fault("stall", where={"PhoneNumber": number(name)}, seconds=60, times=None)

    def _connections(self) -> dict[str, dict[str, Any]]:
        emulator, secret = self.emulator, self.canaries.secret
        emulator.add_account(access_key_id=secret("id"), access_key_secret=secret("key"))
        emulator.add_account(
            access_key_id=secret("temporary id"),
            access_key_secret=secret("temporary key"),
            security_token=secret("token"),
        )
        extra = {"privacy_secret": secret("privacy_secret"), "quota_share": 1, "timeout": 90}
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
        plain = {**emulator.connection(**extra), "login": secret("id"), "password": secret("key")}
        token = {"auth_type": "sts", "security_token": secret("token")}
        return {
            "dysms_default": plain,
            "wrong_secret": {**plain, "password": secret("wrong key")},
            "wrong_key": {**plain, "login": secret("wrong id")},
            "wrong_field": {**plain, "extra": {**plain["extra"], "quota_share": secret("in a wrong place")}},
            "no_key": {**plain, "extra": {**plain["extra"], "privacy_secret": None}},
            "temporary": {
                **plain,
                "login": secret("temporary id"),
                "password": secret("temporary key"),
                "extra": {**plain["extra"], **token},
            },
            "behind_proxy": {
                **plain,
                "extra": {**plain["extra"], "proxy": f"http://user:{secret('proxy password')}@127.0.0.1:{port}"},
            },
            "push": {"conn_type": "generic", "login": secret("push id"), "password": secret("push key")},
            "aws_audits": {
                "conn_type": "aws",
                "login": "key",
                "password": secret("aws"),
                "extra": {"endpoint_url": self.s3.meta.endpoint_url, "region_name": "us-east-1"},
            },
        }

    def _message(self, number: str, text: str, **story: Any) -> dict[str, Any]:
        content = f"【示例】{self.canaries.text(text)}"
        message: dict[str, Any] = {"phone_number": number, "content": content, **story}
        return self.emulator.add_message(**message)

    def _csv(self, name: str, rows: list[list[str]]) -> None:
        with (self.folder / "sent" / f"{name}.csv").open("w") as log:
            csv.writer(log).writerows([["phone_number", "out_id", "message_id", "campaign"], *rows])
