"""Draws ratios as lying bars: the median, the spread of the rounds, and where the goal is."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from cli.sale.chart import BOTTOM, RIGHT, TOP, WIDTH, Frame, nothing, short, svg, ticks

ROW, NAMES = 30, 150


@dataclass(frozen=True, slots=True)
class Bar:
    """One measured value with the lowest and highest round around it, and the goal it is held against."""

    name: str
    value: float
    low: float
    high: float
    goal: float | None = None
    met: bool = True


def bar_chart(bars: Sequence[Bar], x_label: str) -> str:
    """Draw one bar a measure over a common axis that starts at zero."""
    if not bars:
        return nothing()
    height = TOP + BOTTOM + ROW * len(bars)
    high = max(max(bar.high, bar.value, bar.goal or 0) for bar in bars) * 1.08
    scale = (WIDTH - NAMES - RIGHT) / high
    drawn = [_tick(tick, NAMES + tick * scale, height - BOTTOM) for tick in ticks(0, high, 6)]
    drawn += [_bar(bar, TOP + index * ROW, scale) for index, bar in enumerate(bars)]
    drawn.append(f'<text class="label" x="{(NAMES + WIDTH) / 2}" y="{height - 8}">{escape(x_label)}</text>')
    return svg(Frame(0, high, 1, height=height), drawn)


def _tick(value: float, x: float, bottom: int) -> str:
    line = f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>'
    return f'{line}<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{short(value)}</text>'


def _bar(bar: Bar, top: float, scale: float) -> str:
    middle = top + ROW / 2
    size = f'x="{NAMES}" y="{top + 6}" width="{bar.value * scale:.1f}" height="{ROW - 12}" rx="2"'
    tip = f"{bar.value:.3g} ({bar.low:.3g} to {bar.high:.3g})"
    low, high = NAMES + bar.low * scale, NAMES + bar.high * scale
    goal = "" if bar.goal is None else _goal(NAMES + bar.goal * scale, top)
    return (
        f'<text x="{NAMES - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect class="{"f1" if bar.met else "missed"}" {size}><title>{tip}</title></rect>'
        f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>{goal}'
    )


def _goal(x: float, top: float) -> str:
    return f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{top + 2}" y2="{top + ROW - 2}"/>'
