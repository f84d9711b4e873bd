"""Twice the load the machine can carry, for minutes: bounded waits, polls answered, flat memory, then normal again.

`python -m tests.faults.overload [--minutes 5]` first measures what the machine carries: 64 clients send as fast as
they are answered, until the last outcome. Then it sends twice that, whether or not answers come. All of it charges, as
those inside do; with `--joins 0.5` half of it are fans who join a line. Under such a load 503 `busy` is a correct
answer to the outside, which are those who join and whoever comes on a new connection. It is none to those inside, who
are known by their connection. Not part of the tests: it takes minutes and the whole machine.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import psutil

from tests.faults import verdict, witness
from tests.faults.book import Book
from tests.faults.chaos import BACK_WITHIN
from tests.faults.load import MOST_UNDER_WAY, Load
from tests.faults.probe import Probe
from tests.faults.stack import Stack, note


def memory(stack: Stack) -> float:
    """Return what the service's own processes have in memory, in MiB (shared pages counted once a process)."""
    roles = ("web", "queue_tokens", "reservations", "points", "payments", "sweeps", "beat", "valkey")
    return sum(process.memory_info().rss for role in roles for process in stack.family(role)) / 2**20


async def _watch_memory(stack: Stack, found: list[float]) -> None:
    while True:
        try:
            found.append(memory(stack))
        except psutil.Error:
            continue
        await asyncio.sleep(5)


def _minute(pairs: list[tuple[float, float]], begun: float) -> dict[str, list[float]]:
    """Return median, 99th percentile and maximum for each minute."""
    minutes: dict[int, list[float]] = {}
    for at, seconds in pairs:
        minutes.setdefault(int((at - begun) // 60) + 1, []).append(seconds)
    return {
        f"minute {minute}": [round(sorted(found)[int((len(found) - 1) * share)], 2) for share in (0.5, 0.99, 1.0)]
        for minute, found in sorted(minutes.items())
    }


async def overload(stack: Stack, book: Book, seconds: float, joins: float = 0.0) -> dict[str, Any]:
    """Measure what is carried, then pour twice that; return figures."""
    load = await asyncio.to_thread(Load, stack, book, joins)
    carried = await load.carried()
    click.echo(f"the machine carries {carried:.0f} requests a second; now twice that")
    load.answers.clear()
    load.busy.clear()
    load.waits.clear()
    load.polls.clear()
    sizes: list[float] = []
    watcher = asyncio.create_task(_watch_memory(stack, sizes))
    begun = time.monotonic()
    await load.pour(2 * carried, seconds)
    watcher.cancel()
    third = max(1, len(sizes) // 3)
    return {
        "carried, requests/s": round(carried, 1),
        "sent, requests/s": round(2 * carried, 1),
        "of these joins": joins,
        "seconds": round(seconds),
        "answers": dict(sorted(load.answers.items())),
        "refused as busy": load.busy.total(),
        "refused as busy, by whom": dict(sorted(load.busy.items())),
        f"not sent ({MOST_UNDER_WAY} were under way)": load.not_sent,
        "from 202 to the outcome seen, s (median, p99, longest)": _minute(load.waits, begun),
        "polls, s (median, p99, longest)": _minute(load.polls, begun),
        "memory, MiB (first, middle, last third)": [
            round(sum(part) / len(part))
            for part in (sizes[:third], sizes[third : 2 * third], sizes[2 * third :])
            if part
        ],
    }


def main() -> int:
    """Run and print; the exit status is 1 for a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.overload", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--joins", type=float, default=0.0, help="which share of the load joins a line (default: none)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="overload-"))
    book = Book()
    with Stack(folder / "data") as stack:
        witness.install(stack)
        probe = Probe(stack)
        figures = asyncio.run(overload(stack, book, options.minutes * 60, options.joins))
        took = probe.recovery(60.0)
        violations = verdict.judge(stack, book)
        figures |= {"back to normal after, s": took and round(took, 1), **verdict.figures(stack)}
        if took is None or took > BACK_WITHIN:
            violations.append(f"back to normal after {took} s")
    note(folder / "figures.json", figures)
    click.echo(json.dumps(figures, indent=2))
    for violation in violations:
        click.echo(f"VIOLATION {violation}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
