"""Measures signed QuerySendDetails requests with a full page: our client and five others, on the same service.

All clients use the same prerendered service in the same run and take turns. Each runs in its own process on its own CPU
core; the service has another core. The ratios of the medians are the result. `make bench` runs it.
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
from loads import ScriptProcess

from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.headers import header_fields
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"

#: Number of threads of the SDK, and number of concurrent requests of every client if the service has no latency.
THREADS = 32


@dataclass(frozen=True)
class Entry:
    """One client.

    :param share: number of requests as a share of those of our client; slower clients send fewer
    :param concurrency: number of concurrent requests, default that of our client
    :param python: path of the Python interpreter that has the client
    :param way: name in contestants.py, default the name of the entry
    :param form: how the service writes TotalCount: as a ``number`` (seen) or a ``text`` (documented)
    """

    label: str
    share: float
    concurrency: int | None = None
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
    """The conditions of a measurement, and its results.

    :param latency_ms: latency of the service
    :param concurrency: number of concurrent requests
    :param only: names of the clients that are measured
    :param rates: name -> requests per second, a value for each round
    :param cpu: name -> milliseconds of CPU per request, a value for each round
    """

    name: str
    latency_ms: int
    concurrency: int
    tls: bool = False
    only: tuple[str, ...] = tuple(ENTRIES)
    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def rate(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def cpu_ms(self, name: str) -> float:
        return statistics.median(self.cpu[name])


def main() -> None:
    options = _arguments()
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
        print(f"pages of {ROWS} rows, {len(body.encode()):,} bytes; {options.rounds} rounds, medians")
        for setting in settings:
            tls = [certificate, key] if setting.tls else []
            with ExitStack() as services:
                urls = {}
                for form in ("number", "text"):
                    arguments = (str(Path(folder, form)), str(setting.latency_ms), service_core, *tls)
                    service = services.enter_context(ScriptProcess("prerendered_service.py", *arguments))
                    urls[form] = f"http{'s' * setting.tls}://127.0.0.1:{service.receive()}"
                for _ in range(options.rounds):
                    for name in setting.only:
                        url = urls[ENTRIES[name].form]
                        _measure(setting, name, url, options.requests, client_core, certificate if setting.tls else "")
            print(f"\n{setting.name}, {setting.concurrency} concurrent requests\n{table(_rows(setting))}", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(*settings)])}")


def _measure(setting: Setting, name: str, url: str, requests: int, core: str, ca: str) -> None:
    entry = ENTRIES[name]
    count = max(int(requests * entry.share), 20)
    concurrency = min(entry.concurrency or setting.concurrency, setting.concurrency)
    script = str(Path(__file__).with_name("contestants.py"))
    done = subprocess.run(
        [entry.python, script, entry.way or name, url, str(count), str(concurrency), core, ca],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{entry.label} failed:\n{done.stderr[-2000:]}")
    result = json.loads(done.stderr.strip().splitlines()[-1])
    setting.rates.setdefault(name, []).append(count / result["seconds"])
    setting.cpu.setdefault(name, []).append(result["cpu"] / count * 1000)


def _rows(setting: Setting) -> list[list[str]]:
    rows = [["", "requests per second", "CPU per request, ms", "our speed relative to it"]]
    for name in setting.rates:
        rate = setting.rate(name)
        ratio = setting.rate("ours") / rate
        rows.append([ENTRIES[name].label, f"{rate:,.0f}", f"{setting.cpu_ms(name):.3f}", f"{ratio:.1f}"])
    return rows


def _targets(plain: Setting, slow: Setting, tls: Setting) -> list[tuple[str, str, str, str]]:
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, measured: float, target: float, *, is_minimum: bool) -> None:
        reached = measured >= target if is_minimum else measured <= target
        sign, form = (">=", ".2f") if is_minimum else ("<=", ".3f")
        text = f"{sign} {target:g}"
        lines.append((name, format(measured, form), text, "reached" if reached else "MISSED"))

    for setting in (plain, slow):
        for peer, target in (("sdk-async", 4), ("sdk-sync", 6)):
            ratio = setting.rate("ours") / setting.rate(peer)
            line(f"{setting.name}: speed relative to the {ENTRIES[peer].label}", ratio, target, is_minimum=True)
    bare, text = (plain.cpu_ms(name) / plain.cpu_ms("ours") for name in ("bare", "ours-text"))
    line("CPU per request of pyreqwest, relative to ours", bare, 1.35, is_minimum=True)
    line("CPU per request, TotalCount as a text relative to a number", text, 1.05, is_minimum=False)
    line("CPU per request, ms", plain.cpu_ms("ours"), 0.18, is_minimum=False)
    line("CPU per request over TLS, ms", tls.cpu_ms("ours"), 0.22, is_minimum=False)
    return lines


def _with_text(body: str) -> str:
    """Return a page with its total as a text, as the vendor documents it."""
    total, text = f'"TotalCount":{ROWS}', f'"TotalCount":"{ROWS}"'
    assert body.count(total) == 1
    return body.replace(total, text)


def page(rows: int) -> str:
    """Return a page with some rows as the emulator renders it."""
    now = datetime.now(UTC)
    with Emulator.start() as emulator:
        emulator.add_account(access_key_id=KEY, access_key_secret=SECRET)
        emulator.add_messages([_message(second, now) for second in range(rows)])
        call = actions.query_send_details(NUMBER, dates.beijing_day(now), page=1, page_size=ROWS)
        query_string = signing.canonical_query_string(call.query)
        key = Credentials(emulator.access_key_id, emulator.access_key_secret)
        signer = signing.Signer(f"{emulator.host}:{emulator.port}", call.action, call.version)
        signed = signer.sign(query_string, credentials=key, date=now, nonce=os.urandom(16).hex())
        response = httpx.post(f"{emulator.url}/?{query_string}", headers=header_fields(signed))
        return response.raise_for_status().text


def _message(second: int, now: datetime) -> dict[str, str]:
    """Return one of the messages of a page; all are different, as in practice."""
    return {
        "phone_number": NUMBER,
        "sent_at": (now - timedelta(minutes=2) + timedelta(seconds=second)).isoformat(),
        "out_id": f"order-{second:06}",
        "content": f"【示例】您正在申请手机注册，验证码为：{second:06}，5分钟内有效，如非本人操作请忽略。",
    }


def _certificate(folder: str) -> tuple[str, str]:
    """Create a self-signed certificate for this machine; return the paths of its file and its key."""
    certificate, key = str(Path(folder, "certificate.pem")), str(Path(folder, "key.pem"))
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", key, "-out", certificate]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--requests", type=int, default=6000, help="requests of our client in each round; the others send fewer"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
