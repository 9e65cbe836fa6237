"""The OutId of a send follows from the task and the message alone, and tells nothing about the message."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_dysms.operators.send_once.out_ids import OutId, make_out_id
from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

Attempt = Callable[..., TaskAttempt]

CONTENT = ("digest", "previous")


def test_every_attempt_has_the_same_id(attempt: Attempt) -> None:
    assert make_out_id(attempt(1), CONTENT) == make_out_id(attempt(2), CONTENT)


@pytest.mark.parametrize("changed", [{"dag_id": "x"}, {"run_id": "x"}, {"task_id": "x"}, {"map_index": 3}])
def test_another_task_instance_has_another_id(attempt: Attempt, changed: dict[str, str | int]) -> None:
    assert make_out_id(attempt(**changed), CONTENT).text != make_out_id(attempt(), CONTENT).text


def test_names_of_dags_cannot_make_it_too_long_or_unprintable(attempt: Attempt) -> None:
    text = make_out_id(attempt(dag_id="短信 " * 200, task_id="t" * 200, map_index=1023), ("d" * 64,)).text
    assert len(text) < 256
    assert text.isascii()
    assert " " not in text


def test_it_matches_the_ids_of_other_positions_and_secrets_if_those_count(attempt: Attempt) -> None:
    ours = make_out_id(attempt(map_index=1), CONTENT)
    other_position = make_out_id(attempt(map_index=2), CONTENT).text
    previous_secret = make_out_id(attempt(map_index=1), CONTENT[1:]).text
    for out_id in (other_position, previous_secret):
        assert ours.matches(out_id, any_position=True)
        assert not ours.matches(out_id, any_position=False)
    assert ours.matches(ours.text, any_position=False)


def test_another_message_of_the_task_is_of_the_task_and_does_not_match(attempt: Attempt) -> None:
    ours, other = make_out_id(attempt(), CONTENT), make_out_id(attempt(), ("another",))
    assert ours.is_of_task(other.text)
    assert not ours.matches(other.text, any_position=True)
    assert not ours.is_of_task(make_out_id(attempt(task_id="x"), CONTENT).text)


def test_an_id_of_the_user_matches_itself_only() -> None:
    ours = OutId("mine")
    assert not ours.is_made
    assert ours.matches("mine", any_position=True)
    assert not ours.matches("mine-2", any_position=True)
    assert not ours.matches(None, any_position=True)
    assert not ours.is_of_task("mine")
