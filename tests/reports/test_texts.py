"""The two catalogues have the same texts with the same values, and every text is used."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

import airflow_provider_dysms.reports
from airflow_provider_dysms.model.delivery import FAULT_OF_CATEGORY
from airflow_provider_dysms.reports.contents.findings import _SEVERITY
from airflow_provider_dysms.reports.texts import CATALOGUES, LANGUAGES

EN, ZH = CATALOGUES["en"], CATALOGUES["zh"]


def values(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_have_the_same_texts_with_the_same_values() -> None:
    assert EN.keys() == ZH.keys()
    # A list of the text may leave a value out, but not ask for one that is not given.
    assert {name: values(ZH[name]) - values(EN[name]) for name in EN if values(ZH[name]) - values(EN[name])} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_and_finding_has_a_name(language: str) -> None:
    texts = CATALOGUES[language]  # type: ignore[index]
    categories = FAULT_OF_CATEGORY.keys() - {"delivered", "pending"}
    faults = {fault for fault in FAULT_OF_CATEGORY.values() if fault}
    wanted = {f"category_{each}" for each in categories} | {f"fault_{each}" for each in faults}
    assert wanted | {f"finding_{kind}" for kind in _SEVERITY} <= texts.keys()


def test_every_text_is_used() -> None:
    folder = Path(airflow_provider_dysms.reports.__file__).parent
    files = [*folder.rglob("*.py"), *folder.rglob("*.j2")]
    source = "".join(path.read_text("utf-8") for path in files if path.name != "texts.py")
    families = ("fault_", "category_", "finding_", "weekday_", "severity_", "name_", "by_", "no_", "mainland", "intern")
    unused = [name for name in EN if f'"{name}"' not in source and not name.startswith(families)]
    assert unused == []
