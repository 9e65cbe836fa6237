"""A process that writes partitions in children of its own, so that they can be killed, many at once, and cheaply.

It imports Airflow once, reads one order a line (JSON) from its input, forks for each writer, and answers with a line.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
import urllib.request

from airflow_provider_dysms.storage.partition import Partition

SCHEMA = {"writer": int, "line": int, "text": str}


def rows(order: dict, writer: int):
    return ((writer, line, f"text {line * (writer + 1)}") for line in range(order.get("rows", 3)))


def write(order: dict, writer: int) -> dict:
    """Write one partition, and die on the way if the order says so."""
    partition = Partition.resolve(
        order["root"], partition=order["partition"], file_format=order["file_format"], compression=None
    )
    if kill := order.get("kill_at_event"):
        die_before_event(kill, order["watched"])
    if control := order.get("control"):
        urllib.request.urlopen(f"{control}?pid={os.getpid()}").read()
    partition.probe()
    with partition.spool(SCHEMA) as spool:
        spool.write(rows(order, writer))
        open_files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and alive(fd)]
        if order.get("kill_in_spool"):
            os.kill(os.getpid(), signal.SIGKILL)
        if order.get("naive"):  # the null control: data, then manifest, and no second look
            result = {"data": f"{order['partition']}/part-0.{partition.extension}"}
            content = spool.finish()
            partition.store.upload(result["data"], content.file)
            time.sleep(random.random() * 0.005)
            manifest = {"result": {**result, "sha256": content.sha256}}
            partition.store.write(f"_manifests/{order['partition']}.json", json.dumps(manifest).encode())
            return {}
        manifest = partition.commit(spool, {"writer": writer}, {"pid": os.getpid()})
    return {"manifest": manifest, "open_files": open_files}


def alive(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


def die_before_event(number: int, watched: list[str]) -> None:
    """SIGKILL this process before the n-th time that it opens, moves, makes or removes something in a watched folder."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        if event in {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.scandir"} and any(
            str(arguments[0]).startswith(folder) for folder in watched
        ):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_rounds(order: dict, writer: int, barrier, fits) -> None:
    """Write the same partition as all the others do, at the same time, and let the first one look at the end."""
    for _ in range(order["rounds"]):
        barrier.wait()
        write(order, writer)
        barrier.wait()
        if writer == 0:
            fits.put(fitting(order))


def fitting(order: dict) -> bool:
    """Look with nothing but the file system of the path: one data file, and it is what the manifest says."""
    import hashlib

    from airflow.sdk import ObjectStoragePath

    root = ObjectStoragePath(order["root"])
    root.fs.invalidate_cache()
    result = json.loads(root.fs.cat_file(f"{root.path}/_manifests/{order['partition']}.json"))["result"]
    files = [path for path in root.fs.find(f"{root.path}/{order['partition']}")]
    if [os.path.basename(path) for path in files] != [os.path.basename(result["data"])]:
        return False
    return hashlib.sha256(root.fs.cat_file(files[0])).hexdigest() == result["sha256"]


def obey(order: dict) -> dict:
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    if "rounds" in order:
        barrier = fork.Barrier(order["writers"])
        children = [
            fork.Process(target=in_rounds, args=(order, writer, barrier, answers)) for writer in range(order["writers"])
        ]
    else:
        children = [fork.Process(target=lambda: answers.put(attempt(order)))]
    for child in children:
        child.start()
    got = [answers.get() for _ in range(order["rounds"])] if "rounds" in order else []
    for child in children:
        child.join()
    if "rounds" not in order and not answers.empty():
        got = [answers.get()]
    return {"exit": [child.exitcode for child in children], "answers": got}


def attempt(order: dict) -> dict:
    try:
        return write(order, order.get("writer", 0))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), file=replies, flush=True)
