"""The chart of the days of a report: the delivered share above, and below the number of messages by state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.reports.charts.scales import Scale, round_values, share_values
from airflow_provider_dysms.reports.charts.svg import drawing, element, line_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markupsafe import Markup

_LEFT, _RIGHT, _TOP = 46, 14, 14
_SHARE_HEIGHT, _GAP, _BAR_HEIGHT, _BOTTOM = 120, 26, 110, 26

#: Width of a label of the day axis.
_LABEL_WIDTH = 62


class TrendDay(NamedTuple):
    """A day of the chart.

    :param label: of the axis
    :param tooltip: what the day says if the pointer rests on it
    :param share: delivered share; ``None`` without messages
    :param parts: class of the stylesheet -> number of messages, from the bottom to the top; ``None`` if not audited
    :param flag: class of a day that stands out, or ``None``
    """

    label: str
    tooltip: str
    share: float | None
    parts: dict[str, int] | None
    flag: str | None = None


def trend_chart(days: Sequence[TrendDay], width: int, label: str, short: Callable[[float], str]) -> Markup:
    """Draw the chart.

    :param days: the oldest first
    :param width: of its coordinates: texts have the same size in charts of every width
    :param label: what it shows, for those who cannot see it
    :param short: returns a number of messages as the axis shows it
    """
    height = _TOP + _SHARE_HEIGHT + _GAP + _BAR_HEIGHT + _BOTTOM
    column = (width - _LEFT - _RIGHT) / len(days)
    lines = share_values(min((day.share for day in days if day.share is not None), default=0.9))
    share = Scale(lines[0], 1, _TOP + _SHARE_HEIGHT, _TOP)
    floor = _TOP + _SHARE_HEIGHT + _GAP + _BAR_HEIGHT
    steps = round_values(max((sum(day.parts.values()) for day in days if day.parts), default=0))
    bars = Scale(0, steps[-1], floor, floor - _BAR_HEIGHT)

    def middle(place: int) -> float:
        return _LEFT + column * (place + 0.5)

    points = [None if day.share is None else (middle(place), share(day.share)) for place, day in enumerate(days)]
    last = points[-1]
    children = [
        *_flags(days, column, height - _BOTTOM),
        *_axis([(share(value), f"{value:.0%}") for value in lines], width),
        *_axis([(bars(value), short(value)) for value in steps], width),
        *(piece for place, day in enumerate(days) for piece in _bar(day, middle(place), column, bars)),
        element("path", d=line_through(points), class_="share-line"),
        *([element("circle", cx=last[0], cy=last[1], r=4, class_="share-dot")] if last else []),
        *_labels([day.label for day in days], middle, height - 8, column),
        *(
            element(
                "rect",
                element("title", day.tooltip),
                x=_LEFT + column * place,
                y=_TOP,
                width=column,
                height=height - _TOP - _BOTTOM,
                class_="pointer",
            )
            for place, day in enumerate(days)
        ),
    ]
    return drawing(width, height, label, children, "chart")


def _axis(lines: list[tuple[float, str]], width: int) -> Iterator[Markup]:
    for y, text in lines:
        yield element("line", x1=_LEFT, x2=width - _RIGHT, y1=y, y2=y, class_="grid")
        yield element("text", text, x=_LEFT - 8, y=y + 4, class_="axis end")


def _flags(days: Sequence[TrendDay], column: float, bottom: float) -> Iterator[Markup]:
    for place, day in enumerate(days):
        if day.flag:
            x = _LEFT + column * place
            yield element("rect", x=x, y=2, width=column, height=bottom - 2, class_=f"flag {day.flag}")
            yield element("circle", cx=x + column / 2, cy=6, r=3, class_=f"flag-dot {day.flag}")


def _bar(day: TrendDay, middle: float, column: float, scale: Scale) -> Iterator[Markup]:
    width = max(column * 0.68, 2.0)
    if day.parts is None:
        top = scale.end + (scale.start - scale.end) * 0.5
        yield element(
            "rect", x=middle - width / 2, y=top, width=width, height=scale.start - top, rx=2, class_="not-audited"
        )
        return
    below = 0
    for class_, count in day.parts.items():
        if count:
            bottom, top = scale(below), scale(below + count)
            yield element(
                "rect", x=middle - width / 2, y=top, width=width, height=max(bottom - top, 0.6), class_=f"part {class_}"
            )
        below += count


def _labels(texts: list[str], middle: Callable[[int], float], y: float, column: float) -> Iterator[Markup]:
    """Label every day for which there is room, counted back from the last one."""
    step = max(1, round(_LABEL_WIDTH / column + 0.49))
    if step > 3:
        step = -(-step // 7) * 7  # so that all labels are of one weekday
    for place in range(len(texts) - 1, -1, -step):
        is_last = place == len(texts) - 1 and len(texts) > 1 and column < _LABEL_WIDTH
        yield element(
            "text",
            texts[place],
            x=middle(place) + (column / 2 if is_last else 0),
            y=y,
            class_="axis end" if is_last else "axis middle",
        )
