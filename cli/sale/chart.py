"""Draws plots as inline SVG, in the colours of the page that holds them; no script, no outside assets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 44
MOST_POINTS = 600


@dataclass(frozen=True, slots=True)
class Series:
    """A named line; `filled` also tints the area below it. Points are (x, y) in the axes' units."""

    name: str
    points: Sequence[tuple[float, float]]
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The drawing area and its scales: maps values to pixels."""

    x_low: float
    x_high: float
    y_high: float
    width: int = WIDTH
    height: int = HEIGHT

    def x(self, value: float) -> float:
        """Return the pixel column of a value."""
        span = self.x_high - self.x_low or 1
        return LEFT + (value - self.x_low) / span * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the pixel row of a value; zero lies at the bottom."""
        return self.height - BOTTOM - value / (self.y_high or 1) * (self.height - TOP - BOTTOM)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers that cover low..high in about that many steps."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    scale = 10.0 ** floor(log10(raw))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= raw * 0.999)
    return [round(index * step, 10) for index in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """Write a number as an axis shows it: 950, 1.5k, 20k, 1.2M."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def line_chart(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Draw lines over a common x axis that starts at zero."""
    points = [point for line in series for point in line.points]
    if not points:
        return nothing()
    frame = Frame(min(0, *(x for x, _ in points)), max(x for x, _ in points), _headroom(max(y for _, y in points)))
    drawn = [_axes(frame, x_label, y_label)]
    drawn += [_line(frame, line, index) for index, line in enumerate(series, start=1)]
    return svg(frame, drawn) + _legend([line.name for line in series])


def histogram(values: Sequence[float], x_label: str, y_label: str, bins: int = 40) -> str:
    """Draw how often values fall into equal steps from zero to the largest."""
    if not values:
        return nothing()
    high = max(values) or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / high * bins))] += 1
    frame = Frame(0, high, _headroom(max(counts)))
    columns = [_column(frame, index * high / bins, high / bins, count) for index, count in enumerate(counts) if count]
    return svg(frame, [_axes(frame, x_label, y_label), *columns])


def _column(frame: Frame, start: float, step: float, count: int) -> str:
    left, top = frame.x(start), frame.y(count)
    width = max(frame.x(start + step) - left - 1, 0.5)
    place = f'x="{left + 0.5:.1f}" y="{top:.1f}" width="{width:.1f}" height="{frame.y(0) - top:.1f}"'
    return f'<rect class="f1" {place}><title>{start:.3g} to {start + step:.3g}: {count}</title></rect>'


def dots(points: Sequence[tuple[float, float]], x_label: str, y_label: str, *, diagonal: bool = False) -> str:
    """Draw points; `diagonal` adds the line on which both values are the same."""
    if not points:
        return nothing()
    high = max(max(point) for point in points)
    frame = Frame(0, max(x for x, _ in points) if not diagonal else high, high)
    drawn = [_axes(frame, x_label, y_label)]
    if diagonal:
        ends = f'x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" x2="{frame.x(high):.1f}" y2="{frame.y(high):.1f}"'
        drawn.append(f'<line class="goal" {ends}/>')
    drawn += [f'<circle class="f1 dot" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2.4"/>' for x, y in points]
    return svg(frame, drawn)


def _line(frame: Frame, line: Series, number: int) -> str:
    points = _thinned(line.points)
    path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    area = ""
    if line.filled and points:
        first, last = frame.x(points[0][0]), frame.x(points[-1][0])
        floor_y = frame.y(0)
        corners = f"{first:.1f},{floor_y:.1f} {path} {last:.1f},{floor_y:.1f}"
        area = f'<polygon class="f{number} area" points="{corners}"/>'
    return f'{area}<polyline class="s{number}" points="{path}"/>'


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    # More points than pixels make the page heavy and the line no better.
    step = max(1, len(points) // MOST_POINTS)
    return [*points[:-1:step], points[-1]] if points else points


def _axes(frame: Frame, x_label: str, y_label: str) -> str:
    right, bottom = frame.width - RIGHT, frame.height - BOTTOM
    middle = (TOP + bottom) / 2
    parts = [_rung(frame.y(tick), right, tick) for tick in ticks(0, frame.y_high)]
    parts += [
        f'<text x="{frame.x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{short(tick)}</text>'
        for tick in ticks(frame.x_low, frame.x_high, 8)
    ]
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text class="label" x="{(LEFT + right) / 2}" y="{frame.height - 8}">{escape(x_label)}</text>')
    parts.append(f'<text class="label" transform="translate(14 {middle}) rotate(-90)">{escape(y_label)}</text>')
    return "".join(parts)


def _rung(y: float, right: int, tick: float) -> str:
    line = f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>'


def svg(frame: Frame, drawn: Iterable[str]) -> str:
    """Put drawn parts into one picture that scales with its card."""
    return f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img">{"".join(drawn)}</svg>'


def _legend(names: Sequence[str]) -> str:
    entries = [f'<span><i class="b{index}"></i>{escape(name)}</span>' for index, name in enumerate(names, start=1)]
    return f'<p class="legend">{"".join(entries)}</p>'


def _headroom(high: float) -> float:
    return high * 1.06 or 1.0


def nothing() -> str:
    """Say that there is nothing to draw."""
    return '<p class="nothing">Nothing happened here.</p>'
