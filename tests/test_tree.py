"""The shape of the package: no import circle, and rooms and modules of a size that one can keep in mind."""

from __future__ import annotations

import ast
import statistics
from collections import Counter
from pathlib import Path

import airflow_provider_dysms

PACKAGE = airflow_provider_dysms.__name__
ROOT = Path(airflow_provider_dysms.__file__).parent
MODULES = {
    ".".join((PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
SOURCES = {name: path.read_text("utf-8") for name, path in MODULES.items()}

#: The emulator is a product of its own.
MAX_MODULES_PER_FOLDER = 12
MAX_LINES = 300
MAX_MEDIAN_LINES = 120


def imports_of(name: str) -> set[str]:
    """Return the modules of the package that a module imports anywhere in it: inside functions, and for types."""
    imported = set()
    for node in ast.walk(ast.parse(SOURCES[name])):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} has a relative import"
            assert node.module is not None
            imported |= {
                full if (full := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            }
    return (imported & MODULES.keys()) - {name, PACKAGE}


def first_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of an import circle, in the order of its arrows; nothing if there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for imported in sorted(graph[name]):
                if circle := walk(imported, [*path, name]):
                    return circle
            done.add(name)
        return []

    return next((circle for name in graph if (circle := walk(name, []))), [])


def test_a_circle_is_found() -> None:
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert first_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert first_circle({name: imports_of(name) for name in MODULES}) == []


def test_every_module_with_code_says_what_it_is_for() -> None:
    silent = [name for name, source in SOURCES.items() if source.strip() and not ast.get_docstring(ast.parse(source))]
    assert silent == []


def test_no_folder_has_more_modules_than_one_can_keep_in_mind() -> None:
    per_folder = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    assert {
        str(folder.relative_to(ROOT)): count
        for folder, count in per_folder.items()
        if count > MAX_MODULES_PER_FOLDER and folder.name != "emulator"
    } == {}


def test_modules_are_short() -> None:
    lines = {name: source.count("\n") for name, source in SOURCES.items() if source.strip()}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
    assert statistics.median(lines.values()) <= MAX_MEDIAN_LINES
