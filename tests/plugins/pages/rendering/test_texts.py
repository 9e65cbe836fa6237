"""Both languages have every text, with the same values in it, and every text is used."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from airflow_provider_dysms.plugins import pages
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.reports import sending_details

PAGES, DETAILS = Path(pages.__file__).parent, Path(sending_details.__file__).parent
TEMPLATES = [*(PAGES / "templates").glob("*.j2"), *(DETAILS.parent / "templates").glob("sending_details*.j2")]


def values_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_catalogues_have_the_same_texts_with_the_same_values() -> None:
    english, chinese = CATALOGUES["en"], CATALOGUES["zh"]
    assert english.keys() == chinese.keys()
    assert {name for name in english if values_of(english[name]) != values_of(chinese[name])} == set()


def test_every_text_that_a_template_names_exists() -> None:
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES)
    named = set(re.findall(r'\bt\("(\w+)"[,)]', templates))
    assert len(named) > 20
    assert named <= CATALOGUES["en"].keys()


def test_every_text_is_used() -> None:
    modules = [path for folder in (PAGES, DETAILS) for path in folder.rglob("*.py") if path.name != "texts.py"]
    source = "".join(path.read_text("utf-8") for path in (*modules, *TEMPLATES))
    families = ("result_", "meaning_", "last_", "problem_")
    assert [name for name in CATALOGUES["en"] if f'"{name}"' not in source and not name.startswith(families)] == []
