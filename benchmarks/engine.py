"""Signed QuerySendDetails of a full page, requests a second and CPU: ours against five peers, on one service.

All ask the same prerendered service in the same run, in turns, each in a process of its own that has a core to itself;
the service has another. What counts are the ratios of the medians. `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from contestants import KEY, NUMBER, ROWS, SECRET
from figures import table
from loads import Script

from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.headers import header_fields
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"


#: Threads of the SDK, and requests at a time of everybody where the service answers at once: more would only wait.
THREADS = 32


@dataclass(frozen=True)
class Entry:
    """One way to ask.

    :param share: of the requests that ours makes; the slower need fewer
    :param at_a_time: requests in flight where the service answers at once; ``None``: as many as ours
    :param way: of contestants.py, if it is not the name of the entry
    :param form: how the service writes TotalCount: as a ``number`` (seen) or a ``text`` (documented)
    """

    label: str
    share: float
    at_a_time: int | None = None
    python: str = sys.executable
    way: str | None = None
    form: str = "number"


ENTRIES = {
    "ours": Entry("ours", 1),
    "ours-text": Entry("ours, TotalCount as a text", 1, way="ours", form="text"),
    "bare": Entry("pyreqwest, signed by hand", 0.7, python=str(PEERS)),
    "sdk-async": Entry("vendor's SDK, async", 0.2),
    "sdk-sync": Entry(f"vendor's SDK, {THREADS} threads", 0.2, THREADS),
    "http": Entry("HttpOperator's hook", 0.05, 1),
    "dlt": Entry("dlt rest_api", 0.1, 1, str(PEERS)),
}


@dataclass
class Setting:
    """Under what all are measured, and what was."""

    name: str
    latency_ms: int
    at_a_time: int
    tls: bool = False
    only: tuple[str, ...] = tuple(ENTRIES)
    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def rate(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def cpu_ms(self, name: str) -> float:
        return statistics.median(self.cpu[name])


def main() -> None:
    asked = _arguments()
    settings = [
        Setting("0 ms", 0, THREADS),
        Setting("20 ms", 20, 256),
        Setting("TLS, 0 ms", 0, THREADS, tls=True, only=("ours", "sdk-async")),
    ]
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (str(cores[0]), str(cores[1])) if len(cores) > 1 else ("", "")
    with tempfile.TemporaryDirectory() as folder:
        body = page(ROWS)
        for form, text in (("number", body), ("text", _with_text(body))):
            Path(folder, form).mkdir()
            Path(folder, form, "page.json").write_text(json.dumps({"body": text, "number": NUMBER}))
        certificate, key = _certificate(folder)
        print(f"pages of {ROWS} rows, {len(body.encode()):,} bytes; {asked.rounds} rounds in turns, medians")
        for setting in settings:
            tls = [certificate, key] if setting.tls else []
            with ExitStack() as services:
                urls = {}
                for form in ("number", "text"):
                    arguments = (str(Path(folder, form)), str(setting.latency_ms), service_core, *tls)
                    service = services.enter_context(Script("prerendered.py", *arguments))
                    urls[form] = f"http{'s' * setting.tls}://127.0.0.1:{service.hear()}"
                for _ in range(asked.rounds):
                    for name in setting.only:
                        url = urls[ENTRIES[name].form]
                        _measure(setting, name, url, asked.requests, client_core, certificate if setting.tls else "")
            print(f"\n{setting.name}, {setting.at_a_time} requests at a time\n{table(_rows(setting))}", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(*settings)])}")


def _measure(setting: Setting, name: str, url: str, requests: int, core: str, ca: str) -> None:
    entry = ENTRIES[name]
    count = max(int(requests * entry.share), 20)
    at_a_time = min(entry.at_a_time or setting.at_a_time, setting.at_a_time)
    script = str(Path(__file__).with_name("contestants.py"))
    ran = subprocess.run(
        [entry.python, script, entry.way or name, url, str(count), str(at_a_time), core, ca],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(f"{entry.label} failed:\n{ran.stderr[-2000:]}")
    told = json.loads(ran.stderr.strip().splitlines()[-1])
    setting.rates.setdefault(name, []).append(count / told["seconds"])
    setting.cpu.setdefault(name, []).append(told["cpu"] / count * 1000)


def _rows(setting: Setting) -> list[list[str]]:
    rows = [["", "requests a second", "CPU a request, ms", "ours is so many times as fast"]]
    for name in setting.rates:
        rate = setting.rate(name)
        ratio = setting.rate("ours") / rate
        rows.append([ENTRIES[name].label, f"{rate:,.0f}", f"{setting.cpu_ms(name):.3f}", f"{ratio:.1f}"])
    return rows


def _targets(plain: Setting, late: Setting, tls: Setting) -> list[tuple[str, str, str, str]]:
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, measured: float, target: float, *, least: bool) -> None:
        reached = measured >= target if least else measured <= target
        sign, form = (">=", ".2f") if least else ("<=", ".3f")
        shown = f"{sign} {target:g}"
        lines.append((name, format(measured, form), shown, "reached" if reached else "MISSED"))

    for setting in (plain, late):
        for peer, target in (("sdk-async", 4), ("sdk-sync", 6)):
            ratio = setting.rate("ours") / setting.rate(peer)
            line(f"{setting.name}: as fast as the {ENTRIES[peer].label}, times", ratio, target, least=True)
    bare, text = (plain.cpu_ms(name) / plain.cpu_ms("ours") for name in ("bare", "ours-text"))
    line("CPU a request of pyreqwest, times ours", bare, 1.35, least=True)
    line("CPU a request, TotalCount as a text, times as a number", text, 1.05, least=False)
    line("CPU a request, ms", plain.cpu_ms("ours"), 0.18, least=False)
    line("CPU a request over TLS, ms", tls.cpu_ms("ours"), 0.22, least=False)
    return lines


def _with_text(body: str) -> str:
    """Return a page with its total as a text, as the vendor documents it."""
    total, text = f'"TotalCount":{ROWS}', f'"TotalCount":"{ROWS}"'
    assert body.count(total) == 1
    return body.replace(total, text)


def page(rows: int) -> str:
    """Return a page of so many rows as the emulator renders it."""
    now = datetime.now(UTC)
    with Emulator.start() as emulator:
        emulator.add_account(access_key_id=KEY, access_key_secret=SECRET)
        emulator.add_messages([_message(second, now) for second in range(rows)])
        call = actions.query_send_details(NUMBER, dates.beijing_day(now), page=1, page_size=ROWS)
        query_string = signing.canonical_query_string(call.query)
        key = Credentials(emulator.access_key_id, emulator.access_key_secret)
        signer = signing.Signer(f"{emulator.host}:{emulator.port}", call.action, call.version)
        signed = signer.sign(query_string, credentials=key, date=now, nonce=os.urandom(16).hex())
        answer = httpx.post(f"{emulator.url}/?{query_string}", headers=header_fields(signed))
        return answer.raise_for_status().text


def _message(second: int, now: datetime) -> dict[str, str]:
    """Return one of a page's messages; no two are equal, as in life."""
    return {
        "phone_number": NUMBER,
        "sent_at": (now - timedelta(minutes=2) + timedelta(seconds=second)).isoformat(),
        "out_id": f"order-{second:06}",
        "content": f"【示例】您正在申请手机注册，验证码为：{second:06}，5分钟内有效，如非本人操作请忽略。",
    }


def _certificate(folder: str) -> tuple[str, str]:
    """Make a certificate for this machine that is its own authority; return its file and that of its key."""
    certificate, key = str(Path(folder, "certificate.pem")), str(Path(folder, "key.pem"))
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", key, "-out", certificate]
    order = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *files]
    subprocess.run(order, check=True, capture_output=True)
    return certificate, key


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=6000, help="that ours makes in a round; the others make fewer")
    return parser.parse_args()


if __name__ == "__main__":
    main()
