"""Elements of SVG as text, with every attribute and text escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """Return an element.

    :param tag: its name
    :param children: other elements, or texts, which are escaped
    :param attributes: name -> value; ``class_`` is ``class``, other underscores are dashes, numbers are rounded to
        tenths, and ``None`` is left out
    """
    pairs = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    written = "".join(f' {name}="{escape(_plain(value))}"' for name, value in pairs)
    inner = "".join(str(escape(child)) for child in children)
    written = f"<{tag}{written}>{inner}</{tag}>" if children else f"<{tag}{written}/>"
    return Markup(written)  # noqa: S704 - values and children are escaped above


def drawing(width: float, height: float, label: str, children: Iterable[str], class_: str = "") -> Markup:
    """Return a drawing that is as wide as its place, with a text for those who cannot see it.

    :param width, height: of its coordinates
    :param label: what it shows
    """
    return element(
        "svg",
        element("title", label),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        role="img",
        class_=class_ or None,
    )


def line_through(points: Iterable[tuple[float, float] | None]) -> str:
    """Return the path of a line through points; it is interrupted at ``None``, and a point alone is a short dash."""
    commands: list[str] = []
    alone, pen_down = False, False
    for point in points:
        if point is None:
            commands += ["h.1"] * alone
            alone = pen_down = False
            continue
        commands.append(f"{'L' if pen_down else 'M'}{_plain(point[0])} {_plain(point[1])}")
        alone, pen_down = not pen_down, True
    return "".join(commands + ["h.1"] * alone)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return str(value)
