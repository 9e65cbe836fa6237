"""The elements and the text of an HTML page."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "rect", "line", "path", "circle"}


class Outline(HTMLParser):
    """Collects the elements of a page, and whether each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def assert_self_contained(page: str) -> Outline:
    """Check that a page is whole, loads nothing, and forbids by its policy everything but its own stylesheet."""
    outline = Outline(page)
    assert outline.open == []
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    attributes = {name for _, each in outline.elements for name in each}
    assert not {name for name in attributes if name.startswith("on")} | attributes & {"style", "src", "href", "action"}
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert "url(" not in style
    assert "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [facts["content"] for tag, facts in outline.elements if facts.get("http-equiv") is not None]
    expected = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policies == [expected]
    return outline
