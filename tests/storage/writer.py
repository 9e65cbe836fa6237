"""A process that writes partitions in children of its own, so that they can be killed, many at once, and cheaply.

It imports Airflow once, reads one order a line (JSON) from its input, forks for each writer, and answers with a line.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
import urllib.request

from airflow.sdk import BaseHook, ObjectStoragePath

from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.row_spool import SpooledFile

SCHEMA = {"writer": int, "line": int, "text": str}


def rows(order: dict, writer: int):
    return ((writer, line, f"text {line * (writer + 1)}") for line in range(order.get("rows", 3)))


def write(order: dict, writer: int) -> dict:
    """Write one partition, and die on the way if the order says so."""
    partition = Partition.resolve(
        order["root"], partition=order["partition"], file_format=order["file_format"], compression=None
    )
    if change := order.get("kill_before_change"):
        die_before_change(change, order["watched"])
    if control := order.get("control"):
        urllib.request.urlopen(f"{control}?pid={os.getpid()}").close()
    if not order.get("naive"):
        partition.probe()
    with partition.open_spool(SCHEMA) as spool:
        spool.write(rows(order, writer))
        if order.get("kill_in_spool"):
            os.kill(os.getpid(), signal.SIGKILL)
        if order.get("naive"):
            return commit_naively(partition, spool.finish())
        answer = {"manifest": partition.commit(spool, {"writer": writer}, {}), "open_files": open_files()}
    if control:
        urllib.request.urlopen(f"{control}?pid=0").close()
    return answer


def commit_naively(partition: Partition, content: SpooledFile) -> dict:
    """The null control: data, then manifest, and no second look."""
    result = {"data": f"{partition.name}/part-0.{partition.extension}", "sha256": content.sha256}
    partition.store.upload(result["data"], content.file)
    time.sleep(random.random() * 0.005)
    partition.store.write(f"_manifests/{partition.name}.json", json.dumps({"result": result}).encode())
    return {}


def open_files() -> list[str]:
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if os.path.lexists(link)]


def die_before_change(number: int, watched: list[str]) -> None:
    """SIGKILL this process before it changes something in a watched folder for the n-th time."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        changes = event in {"os.rename", "os.remove", "os.mkdir", "os.rmdir"} or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if changes and str(arguments[0]).startswith(tuple(watched)):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_rounds(order: dict, writer: int, barrier, answers) -> None:
    """Write the same partition as all the others do, at the same time, and let the first one look at the end."""
    formats = order.get("formats", [order["file_format"]])
    order = {**order, "file_format": formats[writer % len(formats)]}
    try:
        for turn in range(order["rounds"]):
            barrier.wait()
            write(order, turn % 2 if order.get("in_turn") else writer)
            barrier.wait()
            if writer == 0:
                answers.put(fitting(order))
    except Exception as error:
        answers.put(f"{type(error).__name__}: {error}")
        barrier.abort()  # nobody waits for this one


def fitting(order: dict) -> bool:
    """Look with nothing but the file system of the path: one data file, and it is what the manifest says."""
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
    writers = order.get("writers", 1)
    barrier = fork.Barrier(writers)
    if "rounds" in order:
        children = [fork.Process(target=in_rounds, args=(order, writer, barrier, answers)) for writer in range(writers)]
    else:
        children = [fork.Process(target=lambda: answers.put(attempt(order)))]
    for child in children:
        child.start()
    for child in children:
        child.join()
    got = []
    while not answers.empty():
        got.append(answers.get())
    return {"exit": [child.exitcode for child in children], "answers": got}


def attempt(order: dict) -> dict:
    try:
        return write(order, order.get("writer", 0))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def warm_up() -> None:
    """Import and look up what every child would, before there is one."""
    importlib.import_module("pyarrow.parquet")
    importlib.import_module("airflow.providers.amazon.aws.fs.s3")
    importlib.import_module("s3fs")
    Partition.resolve("file:///", partition="a=b")
    BaseHook.get_connection("aws_test")


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    warm_up()
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), file=replies, flush=True)
