"""One run: a stack, a crowd, witnesses, faults, and the verdict."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import lateness, verdict, witness
from tests.faults.book import Book
from tests.faults.chaos import Chaos
from tests.faults.fans import POISONED, Crowd
from tests.faults.lateness import Lateness, Shares
from tests.faults.probe import Probe, new_concert
from tests.faults.stack import Stack

FANS = 32
CAPACITY = 14
CROWD_SECONDS = 120.0


@dataclass
class Result:
    """What a run came to: violations as sentences (none is good), and figures."""

    violations: list[str]
    figures: dict[str, Any]


def run(
    folder: Path,
    *,
    faults: int,
    seed: int,
    fans: int = FANS,
    say: Callable[[str], None] = print,
    inside: Mapping[str, str] | None = None,
) -> Result:
    """Run the whole thing in `folder` (data and log stay there); `inside` are FAULTS_* variables for the stack."""
    begun = time.monotonic()
    book = Book()
    with Stack(folder, inside={"FAULTS_POISON": POISONED, **(inside or {})}) as stack:
        witness.install(stack)
        probe = Probe(stack)
        concert_id, performance_ids = new_concert(stack, capacity=CAPACITY, rows=40, seats=100, price=10_000)
        crowd = Crowd(stack, book, concert_id, performance_ids, fans, seed)
        sampler = witness.Sampler(stack, book)
        chaos = Chaos(stack, book, probe, seed, say)
        shares = Shares()
        shares.start()
        crowd.start()
        sampler.start()
        try:
            chaos.run(faults)
        finally:
            stack.resume_all()
            crowd.stop(CROWD_SECONDS)
            sampler.stop()
            shares.stop()
        scales = Lateness(stack.downtime, shares)
        unavailable = [scales.weigh(*one) for one in book.unavailable]
        waiting = [scales.weigh(*one) for one in book.waiting]
        parked = verdict.left_parked(stack)
        violations = [*parked, *verdict.judge(stack, book), *lateness.violations([*unavailable, *waiting])]
        figures = {
            "seed": seed,
            "fans": fans,
            "seconds": round(time.monotonic() - begun),
            **chaos.figures(),
            **book.figures(),
            **verdict.figures(stack),
            "slowest 503, s": lateness.figures(unavailable),
            "slowest answer after the wait that was preferred, s": lateness.figures(waiting),
            "journeys": dict(sorted(crowd.journeys.items())),
            "steered": crowd.steering.steered,
            "samples of every invariant": sampler.samples,
            "violations": len(violations),
        }
    return Result(violations, figures)
