"""The examples of the pages for users, as programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def python_example(page: str, dag_id: str, replace: Mapping[str, str]) -> Any:
    """Run the example of a page that makes a DAG, and return the DAG.

    :param page: its name, without the ending
    :param dag_id: id of the DAG
    :param replace: pieces of the example, and what stands in their place
    """
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / f"{page}.md").read_text("utf-8"), re.M | re.S)
    (source,) = [block for block in blocks if f'"{dag_id}"' in block]
    for old, new in replace.items():
        assert old in source
        source = source.replace(old, new)
    names: dict[str, Any] = {}
    exec(compile(source, dag_id, "exec"), names)
    return names["dag"]
