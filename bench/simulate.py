"""Predicts an on-sale from measured costs: `python -m bench.simulate COSTS.json --fans 20000 --seats 2000`.

With `--against SUMMARY.json` (what `frontrow sale --json` wrote) it holds its prediction against a real run.
"""

import json
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.sale_model import Costs, Outcome, SaleModel, Terms
from cli.duration import DURATION
from cli.sale.figures import percentile

# A cache in front of the service asks for the public document once a second.
BY_A_CACHE = 1.0
CHANGES = frozenset({"join", "leave", "hold", "charge", "pay"})


def predict(costs: Costs, terms: Terms, cores: dict[str, int]) -> dict[str, float | None]:
    """Simulate one sale; returns the figures that a real run's summary holds under the same names."""
    model = SaleModel(terms, costs, cores)
    return figures(model.run(), model)


def with_fans(costs: Costs, fan_ms: float, *, polls: bool = False) -> Costs:
    """Put the CPU time of `frontrow sale` in the place of the load generator's.

    A change is one request, and two where its outcome is polled for.
    """
    return {
        step: {role: ms for role, ms in cost.items() if role != "load generator"}
        | {"fans": fan_ms * (2 if polls and step in CHANGES else 1)}
        for step, cost in costs.items()
    }


def figures(outcome: Outcome, model: SaleModel) -> dict[str, float | None]:
    """Draw the comparable figures from what was simulated."""
    seconds = outcome.over_after
    busy = {
        role: pool.busy / len(pool.free_at) / seconds for role, pool in [("all", model.shared), *model.pools.items()]
    }
    return {
        "seats_sold": outcome.sold,
        "sold_out_after": outcome.sold_out_after,
        "seconds": seconds,
        "wait_p50": percentile(outcome.waits, 0.50),
        "wait_p95": percentile(outcome.waits, 0.95),
        "wait_p99": percentile(outcome.waits, 0.99),
        "requests": outcome.requests,
        "requests_per_second": outcome.requests / max(seconds, 1e-9),
        "longest_line": outcome.longest_line,
        "first_sold_after": outcome.first_sold_after,
        "sold_after_150": outcome.sold_after_150,
        "noticed_p95": percentile(outcome.notices, 0.95),
        **outside(outcome, model.terms),
        **{f"busy_{role}": share for role, share in busy.items()},
    }


def outside(outcome: Outcome, terms: Terms) -> dict[str, float | None]:
    """Return what those who wait ask for a second from the last arrival on: by kind, of the origin, behind a cache."""
    seconds = outcome.over_after - terms.arrive_over
    if seconds <= 0:
        return {}
    counted = {lane: sum(at > terms.arrive_over for at in moments) for lane, moments in outcome.looks.items()}
    polls, watches = (counted[lane] / seconds for lane in ("poll", "watch"))
    return {
        "polls_per_second_outside": polls,
        "watches_per_second_outside": watches,
        "origin_per_second_outside": polls + watches,
        "cached_per_second_outside": polls + min(watches, BY_A_CACHE),
    }


def deviations(predicted: dict[str, float | None], real: dict[str, Any]) -> dict[str, float]:
    """Return by which share each prediction misses the real figure."""
    compared = {}
    for name, value in predicted.items():
        measured = real.get(name)
        if value is not None and isinstance(measured, int | float) and measured:
            compared[name] = value / measured - 1
    return compared


@click.command(help=__doc__)
@click.argument("costs", type=click.Path(path_type=Path, exists=True))
@click.option("--fans", type=int, default=20_000)
@click.option("--seats", type=int, default=2_000)
@click.option("--arrive-over", type=DURATION, default="30s")
@click.option("--seed", type=int, default=1)
@click.option("--capacity", type=int, default=100)
@click.option("--think", type=DURATION, default="1s")
@click.option("--hold", type=DURATION, default="5m", help="The service's FRONTROW_HOLD_SECONDS.")
@click.option("--poll", type=DURATION, help="Fans poll so often, and for outcomes too, as before there was pacing.")
@click.option("--at-most", type=DURATION, default="1h", help="When the sale ends at the latest.")
@click.option("--cores", "given", multiple=True, help="role=N gives a role cores of its own; all=N is the rest.")
@click.option("--fan-ms", default=0.19, help="What frontrow sale itself spends on a request; 0 leaves the fans out.")
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="A real run's summary.")
def main(costs: Path, given: tuple[str, ...], against: Path | None, *, fan_ms: float, **sale: Any) -> None:
    """Predict, show, and compare when there is a real run."""
    console, started = Console(), time.perf_counter()
    measured = with_fans(json.loads(costs.read_text()), fan_ms, polls=sale["poll"] is not None)
    cores = {role: int(count) for role, _, count in (text.partition("=") for text in given)}
    predicted = predict(measured, Terms(**sale), {"all": 2} | cores)
    real = json.loads(against.read_text()) if against else {}
    real |= {"noticed_p95": real["noticed"]["p95"]} if "noticed" in real else {}
    missed = deviations(predicted, real)
    shown = Table("figure", "predicted", "real run", "off by")
    for name, value in predicted.items():
        off = f"{missed[name]:+.1%}" if name in missed else ""
        shown.add_row(name, "–" if value is None else f"{value:,.2f}", str(real.get(name, "")), off)
    console.print(shown)
    console.print(f"simulated in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
