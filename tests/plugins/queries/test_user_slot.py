"""A user has one query at a time, also when two processes of a server are asked."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.user_slot import user_slot

HOLD = """
import sys
from airflow_provider_dysms.plugins.queries.user_slot import user_slot
with user_slot(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_query_of_a_user_is_refused_and_another_user_is_not() -> None:
    with user_slot("one"):
        with pytest.raises(QueryFailed) as refused, user_slot("one", patience=0):
            pass
        with user_slot("two", patience=0):
            pass
    assert refused.value.reason == "user_busy"
    with user_slot("one", patience=0):
        pass


def test_a_slot_is_held_over_processes_and_free_when_its_process_dies() -> None:
    command = [sys.executable, "-c", HOLD, "three"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(QueryFailed), user_slot("three", patience=0.1):
            pass
        other.kill()
        other.wait()
        with user_slot("three", patience=5):
            pass


def test_a_query_waits_a_moment_for_the_one_before_it() -> None:
    entered, left = threading.Event(), []

    def hold() -> None:
        with user_slot("four"):
            entered.set()
            time.sleep(0.2)
            left.append(True)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait()
    with user_slot("four", patience=10):
        assert left
    holder.join()
