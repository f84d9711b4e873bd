"""The results of a run as a table in the terminal, as JSON and as a page with plots."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.bars import Bar, bar_chart
from bench.load import Load
from bench.ratio import Result
from cli.sale.page import card, cards, facts, page
from cli.sale.page import table as html_table

HEAD = ("measure", "ratio", "spread", "goal", "ours", "floor", "unit")


def row(result: Result) -> list[str]:
    """Write one result as the cells of a table."""
    low, high = result.spread
    sign = "≤" if result.at_most else "≥"
    goal = "" if result.goal is None else f"{sign} {result.goal:g}"
    return [
        f"{result.name} {result.title}",
        short(result.ratio),
        f"{short(low)} – {short(high)}",
        goal,
        short(middle(result.ours)),
        short(middle(result.floor)),
        result.unit,
    ]


def middle(figures: Sequence[float]) -> float | None:
    """Return the median; None of nothing."""
    return sorted(figures)[len(figures) // 2] if figures else None


def short(figure: float | None) -> str:
    """Write a figure with the digits that mean something."""
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def terminal_table(results: Sequence[Result]) -> Table:
    """Return the table for a terminal; green reaches its goal, red does not."""
    shown = Table(title="frontrow, ours ÷ floor (median of the rounds)", title_justify="left")
    for number, name in enumerate(HEAD):
        shown.add_column(name, justify="left" if number == 0 else "right")
    for result in results:
        style = "" if result.goal is None else "green" if result.met else "red"
        shown.add_row(*row(result), style=style)
    return shown


def markdown(results: Sequence[Result]) -> str:
    """Return the table and the CPU costs as docs/benchmarks.md shows them."""
    lines = ["| " + " | ".join(HEAD) + " | |", "|" + "---|" * (len(HEAD) + 1)]
    for result in results:
        verdict = "" if result.goal is None else "met" if result.met else "**missed**"
        lines.append("| " + " | ".join([*row(result), verdict]) + " |")
    measured, roles = cost_rows(results)
    lines += ["", "| CPU ms | " + " | ".join([*roles, "all"]) + " |", "|" + "---|" * (len(roles) + 2)]
    lines += ["| " + " | ".join(cells) + " |" for cells in measured]
    return "\n".join(lines) + "\n"


def as_json(results: Sequence[Result], ceiling: Load, settings: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was measured, with the machine it was measured on."""
    return {
        "machine": machine(),
        "settings": settings,
        "load_generator": {
            "ceiling_per_second": round(ceiling.per_second),
            "cpu_microseconds_per_request": round(1e6 * ceiling.cpu / max(ceiling.completed, 1), 2),
        },
        "results": [result.as_dict() for result in results],
    }


def machine() -> dict[str, Any]:
    """Say what this machine is."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0].split(":", 1)[1].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def html(data: dict[str, Any], results: Sequence[Result], command: str) -> str:
    """Return the page of a run."""
    about = data["machine"]
    lead = (
        f"Each figure is ours ÷ a floor, measured in turn in one run. {about['cpu']}, {about['cores']} cores, "
        f"{about['memory_gb']} GB, Python {about['python']}. Load: {load_average(data)}. Command: {command}"
    )
    met = [result for result in results if result.goal is not None]
    generator = data["load_generator"]
    numbers = [
        (f"{sum(result.met for result in met)} of {len(met)}", "goals met"),
        (f"{generator['ceiling_per_second']:,}", "requests a second, the load generator's ceiling"),
        (f"{generator['cpu_microseconds_per_request']:.0f} µs", "CPU of the load generator per request"),
    ]
    rows = html_table(HEAD, [row(result) for result in results])
    table_card = card("All measures", "Medians of the rounds; spread is the lowest and the highest.", rows, wide=True)
    return page("Benchmarks", lead, [facts(numbers), cards([*plots(results), table_card, costs(results)])])


def load_average(data: dict[str, Any]) -> str:
    """Say how busy the machine was before the run, so that noise is no secret."""
    return f"load average before the run {data['settings'].get('load_average', 'unknown')}"


def plots(results: Sequence[Result]) -> list[str]:
    """Draw the ratios, those that shall be high apart from those that shall be low."""
    ratios = [result for result in results if not result.plain]
    high = [result for result in ratios if not result.at_most and result.ratio < 10]
    low = [result for result in ratios if result.at_most and result.ratio < 10]
    huge = [result for result in ratios if result.ratio >= 10 and result.unit != "MB"]
    return [
        card("Higher is better", "Dashed: the goal. The line: all rounds.", bar_chart(bars(high), "ours ÷ floor")),
        card("Lower is better", "Dashed: the most that is allowed.", bar_chart(bars(low), "ours ÷ floor")),
        card("Caching", "Against a first honest version.", bar_chart(bars(huge), "times the first version")),
    ]


def bars(results: Sequence[Result]) -> list[Bar]:
    """Turn results into bars."""
    return [Bar(result.name, result.ratio, *result.spread, goal=result.goal, met=result.met) for result in results]


def cost_rows(results: Sequence[Result]) -> tuple[list[list[str]], list[str]]:
    """Return what one journey cost in CPU milliseconds, ours and the floor's, a row each; and the roles."""
    measured: dict[str, dict[str, float]] = {}
    for result in results:
        for key, whose in (("cpu_ms_per_journey", "ours"), ("floor_cpu_ms_per_journey", "floor")):
            if key in result.detail:
                measured[f"{result.name} {whose}"] = result.detail[key]
    roles = sorted({role for cost in measured.values() for role in cost})
    rows = [
        [name, *(f"{cost.get(role, 0):.2f}" for role in roles), f"{sum(cost.values()):.2f}"]
        for name, cost in measured.items()
    ]
    return rows, roles


def costs(results: Sequence[Result]) -> str:
    """Show what one journey cost in CPU time, by process, ours and the floor's."""
    rows, roles = cost_rows(results)
    note = "Milliseconds of CPU time for one journey of the measure, by process. A purchase is two requests."
    return card("Where the time goes", note, html_table(["measure", *roles, "all"], rows), wide=True)
