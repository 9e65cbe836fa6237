"""Charts of lines: percentiles of delivery times by day, and the small line of a row of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from airflow_provider_dysms.reports.charts.scales import Scale
from airflow_provider_dysms.reports.charts.svg import drawing, element, line_through

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markupsafe import Markup

_LEFT, _RIGHT, _TOP, _HEIGHT, _BOTTOM = 58, 52, 12, 150, 26

#: Seconds that get a line, on a logarithmic axis.
_TIMES = (1, 3, 10, 30, 60, 180, 600, 1800, 3600, 3 * 3600, 12 * 3600, 24 * 3600, 72 * 3600)

#: Times below this are drawn at it: a logarithmic axis has no zero.
_MIN_SECONDS = 1.0

_SPARK_WIDTH, _SPARK_HEIGHT = 110, 26


def latency_chart(
    lines: Mapping[str, Sequence[float | None]],
    names: Mapping[str, str],
    days: Sequence[str],
    width: int,
    label: str,
    seconds: Callable[[float], str],
) -> Markup | None:
    """Draw percentiles by day on a logarithmic axis; ``None`` if no time is known.

    :param lines: class of the stylesheet -> seconds of each day; ``None`` or infinite ones interrupt the line
    :param names: class -> what stands at the end of its line
    :param days: label of each day
    :param width: of its coordinates
    :param label: what it shows
    :param seconds: returns a time as the axis shows it
    """
    known = [value for values in lines.values() for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    ticks = [each for each in _TIMES if each <= max(known)] or [_TIMES[0]]
    highest = next((each for each in _TIMES if each >= max(known)), _TIMES[-1])
    ticks = sorted({*[each for each in ticks if each >= min(known) / 3], highest})
    y = Scale(max(min(*known, ticks[0]), _MIN_SECONDS), highest, _TOP + _HEIGHT, _TOP, is_logarithmic=True)
    x = Scale(0, max(len(days) - 1, 1), _LEFT, width - _RIGHT)
    children: list[Markup] = []
    for tick in ticks:
        children.append(element("line", x1=_LEFT, x2=width - _RIGHT, y1=y(tick), y2=y(tick), class_="grid"))
        children.append(element("text", seconds(tick), x=_LEFT - 8, y=y(tick) + 4, class_="axis end"))
    for class_, values in lines.items():
        points = [
            None if value is None or math.isinf(value) else (x(place), y(value)) for place, value in enumerate(values)
        ]
        children.append(element("path", d=line_through(points), class_=f"latency-line {class_}"))
        if end := points[-1]:
            children.append(element("text", names[class_], x=end[0] + 8, y=end[1] + 4, class_=f"axis {class_}"))
    for place in (0, len(days) - 1):
        end_class = "axis end" if place else "axis"
        children.append(element("text", days[place], x=x(place), y=_TOP + _HEIGHT + 18, class_=end_class))
    return drawing(width, _TOP + _HEIGHT + _BOTTOM, label, children, "chart")


def spark_line(values: Sequence[float | None], label: str) -> Markup:
    """Draw the shares of a row, without axes.

    :param values: from 0 to 1; ``None`` interrupts the line
    :param label: what it shows
    """
    known = [value for value in values if value is not None]
    y = Scale(min([0.9, *known]), 1, _SPARK_HEIGHT - 4, 4)
    x = Scale(0, max(len(values) - 1, 1), 3, _SPARK_WIDTH - 4)
    points = [None if value is None else (x(place), y(value)) for place, value in enumerate(values)]
    last = points[-1] if points else None
    dot = [element("circle", cx=last[0], cy=last[1], r=2.5, class_="share-dot")] if last else []
    return drawing(
        _SPARK_WIDTH,
        _SPARK_HEIGHT,
        label,
        [element("path", d=line_through(points), class_="share-line"), *dot],
        "spark",
    )


def share_bar(share: float | None, class_: str) -> Markup:
    """Draw a share as a bar; it stands next to the number, so it has no label.

    :param share: from 0 to 1
    :param class_: of the stylesheet
    """
    width = 100 * min(max(share or 0.0, 0.0), 1.0)
    track = element("rect", width=100, height=6, rx=3, class_="track")
    bar = element("rect", width=max(width, 1.5), height=6, rx=3, class_=f"part {class_}") if share else ""
    return element("svg", track, bar, viewBox="0 0 100 6", preserveAspectRatio="none", class_="bar", aria_hidden="true")
