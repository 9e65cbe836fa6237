"""The UI's view of a task comes from its class, unless the user says something else, in whatever way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.serialization.serialized_objects import DagSerialization

from airflow_provider_dysms.arguments.task_view import describe
from airflow_provider_dysms.operators import dysms as operators
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

CLASSES = [
    *(each for each in vars(operators).values() if isinstance(each, type) and issubclass(each, BaseOperator)),
    DysmsMessageSensor,
    DysmsSendDetailsSensor,
    DysmsReceiptsToObjectStorageOperator,
    DysmsToObjectStorageOperator,
]
Audit = DysmsToObjectStorageOperator
FILES: dict[str, Any] = {"task_id": "audit", "sent_uri": "file:///log", "output_uri": "file:///out"}


@pytest.fixture
def dag() -> Iterator[DAG]:
    with DAG("view", start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
        yield dag


@pytest.mark.parametrize("cls", [each for each in CLASSES if each is not BaseOperator])
def test_each_class_describes_itself_in_a_paragraph_of_markdown(cls: type) -> None:
    text = describe(cls)
    assert text is not None
    assert 40 < len(text) < 500
    assert ":param" not in text
    assert ":class:" not in text
    assert "``None``" not in text


def test_a_class_without_a_docstring_has_no_description() -> None:
    bare = type("Bare", (), {})
    bare.__doc__ = None
    assert describe(bare) is None or "object" not in str(describe(bare))


def test_the_users_documentation_comes_first(dag: DAG) -> None:
    ours = describe(Audit)
    assert Audit(**FILES).doc_md == ours
    assert Audit(**{**FILES, "task_id": "b"}, doc_md="mine").doc_md == "mine"
    assert Audit(**{**FILES, "task_id": "c"}, doc="mine").doc_md is None
    assert Audit(**{**FILES, "task_id": "d"}, default_args={"doc_md": "mine"}).doc_md == "mine"


def test_the_same_holds_for_mapped_tasks(dag: DAG) -> None:
    days = ["2026-11-01", "2026-11-02"]
    mapped = Audit.partial(**FILES).expand(send_date=days)
    assert mapped.doc_md == describe(Audit)
    assert mapped.map_index_template == "send_date={{ (task.send_date | string)[:60] }}"
    named = Audit.partial(**{**FILES, "task_id": "b"}, doc_md="mine", map_index_template="{{ 1 }}")
    named = named.expand(send_date=days)
    assert (named.doc_md, named.map_index_template) == ("mine", "{{ 1 }}")
    by_file = Audit.partial(task_id="c", output_uri="file:///out").expand(sent_uri=["file:///a", "file:///b"])
    assert by_file.map_index_template is None
    both = Audit.partial(**{**FILES, "task_id": "d"}).expand_kwargs([{"send_date": days[0], "partition": "a"}])
    assert both.map_index_template == (
        "send_date={{ (task.send_date | string)[:60] }}, partition={{ (task.partition | string)[:60] }}"
    )


def test_default_args_of_the_dag_are_the_users_words_too() -> None:
    with DAG("defaults", default_args={"doc_md": "mine", "map_index_template": "{{ 2 }}"}):
        mapped = Audit.partial(**FILES).expand(send_date=["2026-11-01"])
        single = Audit(**{**FILES, "task_id": "b"})
    assert (mapped.doc_md, mapped.map_index_template, single.doc_md) == ("mine", "{{ 2 }}", "mine")


def test_the_serialised_dag_has_docs_colour_renderers_and_links(dag: DAG) -> None:
    Audit(**FILES)
    Audit.partial(**{**FILES, "task_id": "mapped"}).expand(send_date=["2026-11-01"])
    stored = DagSerialization.to_dict(dag)["dag"]["tasks"]
    for task in (each["__var"] for each in stored):
        assert task["template_fields_renderers"] == {"columns": "json", "carry": "json"}
        assert task["ui_color"] == Audit.ui_color != "#fff"
        assert set(task["_operator_extra_links"]) == {
            "Alibaba Cloud SMS console",
            "Manifest of the day",
            "SMS delivery of the day",
        }
