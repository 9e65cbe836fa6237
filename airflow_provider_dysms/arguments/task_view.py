"""How a task shows in Airflow's UI: its documentation, its colour, and the names of mapped task instances."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

#: Arguments of a task that hold documentation. If the user gave one of them, the class's own is not shown.
DOCS = ("doc_md", "doc", "doc_rst", "doc_json", "doc_yaml")

#: Characters of an argument's value in the name of a mapped task instance; Airflow stores 250 in all.
MAX_LABEL = 60

_ADDRESS = re.compile(r"https://[^\s`<>)]+")


class TaskView:
    """A base class before BaseOperator that fills in what the UI shows, wherever the user did not say it."""

    ui_color: str = "#fff0e0"

    #: Arguments that name a mapped task instance in the UI, if the task is mapped over them. They must not be private.
    label_fields: ClassVar[tuple[str, ...]] = ("send_date", "partition")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _fill_in_docs(vars(self), type(self))

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        partial = super().partial(**arguments)  # type: ignore[misc]
        _fill_in_docs(partial.kwargs, cls)
        return partial

    @classmethod
    def fill_in_label(cls, arguments: MutableMapping[str, Any], mapped: Iterable[str]) -> None:
        """Name mapped task instances by what differs between them, in place of numbers.

        :param arguments: of ``partial()``; ``map_index_template`` is added unless the user gave one
        :param mapped: names of the arguments that the task is mapped over
        """
        names = [name for name in cls.label_fields if name in set(mapped)]
        if names and arguments.get("map_index_template") is None:
            # The name in front keeps a DAG that renders native objects from making a number of the label.
            parts = [f"{name}={{{{ (task.{name} | string)[:{MAX_LABEL}] }}}}" for name in names]
            arguments["map_index_template"] = ", ".join(parts)


def describe(cls: type) -> str | None:
    """Return the first paragraph of a class's docstring, and the vendor's pages that it names, as Markdown.

    :returns: ``None`` if the class has no docstring, such as under ``python -OO``
    """
    text = inspect.getdoc(cls)
    if not text:
        return None
    paragraph = " ".join(text.split("\n\n", 1)[0].split())
    pages = dict.fromkeys(address.rstrip(".,") for address in _ADDRESS.findall(text))
    return paragraph + (f"\n\nThe vendor's documents: <{'>, <'.join(pages)}>" if pages else "")


def _fill_in_docs(arguments: MutableMapping[str, Any], cls: type) -> None:
    if all(arguments.get(name) is None for name in DOCS):
        arguments["doc_md"] = describe(cls)
