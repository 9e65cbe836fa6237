"""Private fields: what they print, what Airflow still sees of them, and what comes out again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, task
from airflow.serialization.helpers import serialize_template_field

from airflow_provider_dysms.arguments.private_fields import (
    Private,
    PrivateField,
    PrivateNumbers,
    PrivateParameters,
    normalized_numbers,
    parameters_in,
    raw_numbers,
    reveal,
)
from airflow_provider_dysms.model.errors import DysmsInputError

NUMBERS = ["13900001111", "13900002222"]


class Sender(BaseOperator):
    template_fields = ("numbers", "text", "parameters")
    numbers = PrivateField()
    text = PrivateField(Private)
    parameters = PrivateField(PrivateParameters)

    def __init__(self, *, numbers: Any = None, text: Any = None, parameters: Any = None, **kwargs: Any) -> None:
        super().__init__(task_id="send", **kwargs)
        self.numbers, self.text, self.parameters = numbers, text, parameters


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (NUMBERS, "2 phone number(s)"),
        (",".join(NUMBERS), "2 phone number(s)"),
        (13900001111, "1 phone number(s)"),
        ([], "0 phone number(s)"),
        ("{{ numbers }}", "templated phone number(s)"),
        ({}, "phone number(s)"),
    ],
)
def test_numbers_print_as_a_count(value: Any, printed: str) -> None:
    assert str(PrivateNumbers(value)) == serialize_template_field(PrivateNumbers(value), "numbers") == printed
    assert repr(PrivateNumbers(value)) == f"<{printed}>"


def test_what_is_assigned_is_wrapped_each_time_and_comes_out_as_it_was() -> None:
    sender = Sender(numbers=NUMBERS, text="Your code is 1", parameters={"code": ["1", "2"]})
    for _ in range(2):
        assert [str(getattr(sender, name)) for name in Sender.template_fields] == [
            "2 phone number(s)",
            "private text",
            "private parameters",
        ]
        assert raw_numbers("numbers", sender.numbers) == NUMBERS
        assert reveal(sender.text) == "Your code is 1"
        assert reveal(sender.parameters) == {"code": ["1", "2"]}
        sender.parameters = sender.parameters
    with pytest.raises(TypeError):
        json.dumps(sender.parameters)


def test_templates_are_rendered_inside_and_the_result_is_wrapped_again() -> None:
    sender = Sender(text="Your code is {{ code }}", parameters={"code": "{{ code }}", "list": ["{{ code }}"]})
    sender.render_template_fields({"code": "7", "task": sender})
    assert reveal(sender.text) == "Your code is 7"
    assert reveal(sender.parameters) == {"code": "7", "list": ["7"]}
    assert (str(sender.text), str(sender.parameters)) == ("private text", "private parameters")


@pytest.mark.parametrize("operator_wants", [None, True])
def test_text_stays_text_where_templates_are_rendered_to_objects(operator_wants: bool | None) -> None:
    with DAG("native", schedule=None, render_template_as_native_obj=True, user_defined_macros={"code": "000000"}):
        sender = Sender(
            numbers=["{{ plus }}"],
            text="{{ code }}",
            parameters={"code": "{{ code }}"},
            render_template_as_native_obj=operator_wants,
        )
    sender.render_template_fields({"plus": "+85251246802", "task": sender})
    assert reveal(sender.numbers) == ["+85251246802"]
    assert reveal(sender.text) == "000000"
    assert reveal(sender.parameters) == {"code": "000000"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("{'code': '000000'}", {"code": "000000"}),
        ('{"code": "000000"}', '{"code": "000000"}'),
        ({"code": 0}, {"code": 0}),
        ("", ""),
        (None, None),
    ],
)
def test_parameters_are_read_as_templates_leave_them(given: Any, read: Any) -> None:
    assert parameters_in(PrivateParameters(given)) == read


@pytest.mark.parametrize("numbers", [iter(NUMBERS), (number for number in NUMBERS), map(str, NUMBERS)])
def test_numbers_that_can_be_read_once_are_there_whenever_they_are_asked_for(numbers: Any) -> None:
    sender = Sender(numbers=numbers)
    for _ in range(2):
        assert str(sender.numbers) == "2 phone number(s)"
        assert normalized_numbers("numbers", sender.numbers) == NUMBERS


def test_a_set_of_numbers_has_the_same_order_in_every_process() -> None:
    many = [f"139{number:08}" for number in range(100)]
    assert normalized_numbers("numbers", Sender(numbers=set(many)).numbers) == many
    assert normalized_numbers("numbers", frozenset(many)) == many


def test_airflow_sees_references_and_nothing_beside_them() -> None:
    @task
    def upstream() -> str:
        return "1"

    with DAG("references", schedule=None):
        result = upstream()
        sender = Sender(numbers=[NUMBERS[0], result], text=result, parameters={"code": "secret", "more": [result]})
    assert sender.upstream_task_ids == {"upstream"}
    shown = str([serialize_template_field(getattr(sender, name), name) for name in Sender.template_fields])
    assert shown.count("xcom_pull") == 3
    assert "secret" not in shown
    assert NUMBERS[0] not in shown
    # As Airflow does when it has resolved the references.
    sender.parameters = {"code": sender.parameters["code"], "more": ["1"]}
    assert reveal(sender.parameters) == {"code": "secret", "more": ["1"]}
    assert str(sender.parameters) == "private parameters"


def test_numbers_are_named_by_their_place() -> None:
    assert normalized_numbers("to", "+86 139-0000-1111") == ["13900001111"]
    with pytest.raises(DysmsInputError, match=r"^to \(number 2 of the list\) "):
        normalized_numbers("to", [NUMBERS[0], "12"])
    with pytest.raises(DysmsInputError, match=r"^to is empty"):
        normalized_numbers("to", None)
