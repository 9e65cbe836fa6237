"""Both languages have every text, with the same values in it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from airflow_provider_dysms.plugins.pages import rendering
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES

PAGES = Path(rendering.__file__).parents[1]


def values_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_catalogues_have_the_same_texts_with_the_same_values() -> None:
    english, chinese = CATALOGUES["en"], CATALOGUES["zh"]
    assert english.keys() == chinese.keys()
    assert {name for name in english if values_of(english[name]) != values_of(chinese[name])} == set()


def test_every_text_that_a_template_names_exists() -> None:
    templates = "".join(path.read_text("utf-8") for path in (PAGES / "templates").glob("*.j2"))
    named = set(re.findall(r'\bt\("(\w+)"[,)]', templates))
    assert len(named) > 20
    assert named <= CATALOGUES["en"].keys()
