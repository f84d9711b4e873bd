"""P11: the measures above once more, with a million tokens in the database, beside a stack with few."""

from bench.measures.pipeline import contention_rates, issue_rate, purchase_rate
from bench.measures.reading import line, queue_rate
from bench.ratio import Figure, Result, alternate
from bench.rig import Rig
from bench.stack import Stack

NO_WORSE = 0.9


def volume(rig: Rig) -> list[Result]:
    """P11: no measure may be worse than 10 % when the tables are large."""
    results = []
    for name, title, make in (
        ("issue", "token issue, 32 clients", _issue),
        ("purchase", "hold + pay, 32 clients", _purchase),
        ("queue", "GET /v1/queues/{id}", _queue),
        ("refusals", "refusals of one seat", _refusals),
    ):
        result = Result(f"P11/{name}", f"{title}: {rig.crowd:,} in line ÷ few", "per s", NO_WORSE)
        results.append(alternate(result, rig.rounds, make(rig, rig.large, result), make(rig, rig.small, result)))
        # Both stacks count into the same cost, which therefore says nothing about either.
        result.detail.pop("cpu_ms_per_journey", None)
    return results


def _issue(rig: Rig, stack: Stack, result: Result) -> Figure:
    concert = line(rig, stack, rig.crowd if stack is rig.large else 1_000)
    return issue_rate(rig, stack, 32, result, concert)


def _purchase(rig: Rig, stack: Stack, result: Result) -> Figure:
    return purchase_rate(rig, stack, 32, result)


def _queue(rig: Rig, stack: Stack, result: Result) -> Figure:
    return queue_rate(rig, stack, line(rig, stack, 10_000 if stack is rig.large else 1_000), result)


def _refusals(rig: Rig, stack: Stack, result: Result) -> Figure:
    return contention_rates(rig, stack, result)[0]
