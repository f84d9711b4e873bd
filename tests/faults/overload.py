"""Twice the load the machine can carry, for minutes: bounded waits, polls answered, flat memory, then normal again.

`python -m tests.faults.overload [--minutes 5]` first measures what the machine carries: 64 clients send as fast as
they are answered, until the last outcome. Then it sends twice that, whether or not answers come. Not part of the
tests: it takes minutes and the whole machine.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil

from cli.sale.wire import Answer, Connection, request_bytes
from tests.faults import verdict, witness
from tests.faults.book import TERMINAL, Book, Promise
from tests.faults.chaos import BACK_WITHIN
from tests.faults.probe import Probe
from tests.faults.stack import Stack, note

CARRIED_SECONDS = 20.0
CARRIED_FANS = 64
MOST_UNDER_WAY = 300
PATIENCE = 20.0
# Of those accepted so many are watched until their outcome; watching all would be a load of its own.
WATCHED = 0.1


@dataclass
class Load:
    """Charges sent over keep-alive connections, and what came of them."""

    stack: Stack
    book: Book
    answers: Counter[str] = field(default_factory=Counter)
    waits: list[tuple[float, float]] = field(default_factory=list)
    polls: list[tuple[float, float]] = field(default_factory=list)
    not_sent: int = 0

    def __post_init__(self) -> None:
        self._free: list[Connection] = []
        self._numbers = itertools.count()
        self._users = [(f"fan-{number}", self.stack.token(f"fan-{number}")) for number in range(500)]
        self._host = f"127.0.0.1:{self.stack.port}"

    async def carried(self) -> float:
        """Return how many charges a second come to an outcome when as many are sent as are answered."""
        begun = time.monotonic()
        accepted = 0

        async def fan() -> None:
            nonlocal accepted
            while time.monotonic() - begun < CARRIED_SECONDS:
                got = await self.charge()
                accepted += got is not None

        await asyncio.gather(*(fan() for _ in range(CARRIED_FANS)))
        await asyncio.to_thread(verdict.settle, self.stack, 60.0)
        return accepted / (time.monotonic() - begun)

    async def pour(self, per_second: float, seconds: float) -> None:
        """Send charges at a rate, whatever the answers; watch some until their outcome."""
        begun = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            due = begun + number / per_second
            if due - begun > seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(under_way) >= MOST_UNDER_WAY:
                self.not_sent += 1
                continue
            task = asyncio.create_task(self._one(watch=number % int(1 / WATCHED) == 0))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def _one(self, *, watch: bool) -> None:
        accepted = await self.charge()
        if accepted and watch:
            await self.outcome(*accepted)

    async def charge(self) -> tuple[str, str] | None:
        """Send one charge; return the task's id and the identity when it was accepted."""
        user, token = self._users[next(self._numbers) % len(self._users)]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._exchange("POST", "/v1/points/charges", headers, b'{"amount": 1}')
        if answer is None or answer.status != 202:
            self.book.unsure[user, "points.charge"] += 1
            return None
        task_id = answer.json()["id"]
        self.book.promised(Promise(task_id, user, "points.charge", None, {"amount": 1}))
        return task_id, token

    async def outcome(self, task_id: str, token: str) -> bool:
        """Poll for an outcome, and time both the wait and the polls."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE * 3:
            asked = time.monotonic()
            answer = await self._exchange("GET", f"/v1/tasks/{task_id}", {"Authorization": f"Bearer {token}"}, None)
            if answer is not None and answer.status == 200:
                self.polls.append((asked, time.monotonic() - asked))
                task = answer.json()
                if task["status"] in TERMINAL:
                    self.book.was_told(task)
                    self.waits.append((begun, time.monotonic() - begun))
                    return True
            await asyncio.sleep(0.1)
        self.book.violated(f"{task_id} has no outcome after {PATIENCE * 3:.0f} s")
        return False

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer | None:
        connection = self._free.pop() if self._free else None
        try:
            if connection is None or not connection.usable:
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, "127.0.0.1", self.stack.port)
            request = request_bytes(method, path, self._host, headers, body)
            answer = await asyncio.wait_for(connection.exchange(request), PATIENCE)
        except (OSError, TimeoutError) as error:
            if connection is not None:
                connection.close()
            self.answers[f"{method} {type(error).__name__}"] += 1
            return None
        self._free.append(connection)
        self.answers[f"{method} {answer.status}"] += 1
        return answer


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


async def overload(stack: Stack, book: Book, seconds: float) -> dict[str, Any]:
    """Measure what is carried, then pour twice that; return figures."""
    load = Load(stack, book)
    carried = await load.carried()
    click.echo(f"the machine carries {carried:.0f} charges a second; now twice that")
    load.answers.clear()
    load.waits.clear()
    load.polls.clear()
    sizes: list[float] = []
    watcher = asyncio.create_task(_watch_memory(stack, sizes))
    begun = time.monotonic()
    await load.pour(2 * carried, seconds)
    watcher.cancel()
    third = max(1, len(sizes) // 3)
    return {
        "carried, charges/s": round(carried, 1),
        "sent, charges/s": round(2 * carried, 1),
        "seconds": round(seconds),
        "answers": dict(sorted(load.answers.items())),
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
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="overload-"))
    book = Book()
    with Stack(folder / "data") as stack:
        witness.install(stack)
        probe = Probe(stack)
        figures = asyncio.run(overload(stack, book, options.minutes * 60))
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
