"""Counts for the metrics: kept in memory a moment, then added to the broker, where those of all processes meet.

Several processes on several machines do the counting, and each scrape is answered by one of them. So
nobody keeps totals of his own: once a second a process hands over what came new. What the broker loses
when it is emptied is a counter that starts again, which Prometheus knows how to read.
"""

import atexit
import os
import re
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import redis

from workers.broker import Broker

INTERVAL = 1.0
KEY = "frontrow:tally"
SEPARATOR = "|"
_NUMBER = re.compile(rb"-?\d{1,40}(\.\d{1,40})?(e[+-]?\d{1,3})?", re.ASCII)

# The name of what was counted, then its labels' values.
Field = tuple[str, ...]


class Histogram:
    """What is observed under a name: how many values up to each bound, and their sum."""

    def __init__(self, name: str, bounds: tuple[float, ...]) -> None:
        """Fix the upper bounds, ascending, in the unit that is observed."""
        self.name, self.bounds = name, bounds
        self.marks = (*map(str, bounds), "+Inf")
        self.sum = f"{name}_sum"

    def mark(self, value: float) -> str:
        """Return the bound that a value falls under, as text."""
        return self.marks[bisect_left(self.bounds, value)]


class Tally:
    """The counts of this process that were not handed over yet; counting never fails and never waits."""

    def __init__(self, broker: Broker) -> None:
        """Prepare; a thread that hands over starts with the first count, and again after a fork."""
        self._broker = broker
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._counts: defaultdict[Field, float] = defaultdict(float)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def observe(self, histogram: Histogram, value: float, *labels: str, also: Field | None = None) -> None:
        """Add a value to a histogram's series of these labels; `also` is counted in the same step."""
        with self._changed:
            self._awake()
            self._counts[histogram.name, histogram.mark(value), *labels] += 1
            self._counts[histogram.sum, *labels] += value
            if also is not None:
                self._counts[also] += 1

    def count(self, field: Field, times: int) -> None:
        """Count something that happened some times."""
        with self._changed:
            self._awake()
            self._counts[field] += times

    def _awake(self) -> None:
        if self._counts:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
            self._thread.start()
            atexit.register(self.flush)
        self._changed.notify()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._counts)
            pause.wait(INTERVAL)
            self.flush()

    def flush(self) -> None:
        """Hand over what was counted; keep it when the broker is away."""
        if self._broker.is_silent:
            return
        with self._changed:
            counts, self._counts = self._counts, defaultdict(float)
        if not counts:
            return
        try:
            with self._broker.client.pipeline(transaction=False) as pipeline:
                for field, value in counts.items():
                    pipeline.hincrbyfloat(KEY, SEPARATOR.join(field), value)
                answers = pipeline.execute(raise_on_error=False)
            self._clear_away([field for field, answer in zip(counts, answers, strict=True) if _is_refusal(answer)])
        except redis.TimeoutError:
            # A broker that hangs may still carry it out when it goes on. Counting too little is the lesser evil.
            self._broker.note_silence()
        except redis.RedisError:
            self._broker.note_silence()
            self._keep(counts)

    def _clear_away(self, refused: list[Field]) -> None:
        """Delete what is no number; its count begins again with the next one."""
        if not refused:
            return
        with self._broker.client.pipeline(transaction=False) as pipeline:
            pipeline.hdel(KEY, *map(SEPARATOR.join, refused))
            if _is_refusal(*pipeline.execute(raise_on_error=False)):
                self._broker.client.delete(KEY)

    def _keep(self, counts: Mapping[Field, float]) -> None:
        with self._changed:
            for field, value in counts.items():
                self._counts[field] += value


def totals(broker: Broker) -> dict[Field, float]:
    """Return what all processes counted. Raises `redis.RedisError` when the broker is away."""
    found: Any = broker.client.hgetall(KEY)
    # What somebody else has put there is no count.
    return {
        tuple(field.decode().split(SEPARATOR)): float(value)
        for field, value in found.items()
        if _NUMBER.fullmatch(value) and _is_text(field)
    }


def _is_text(field: bytes) -> bool:
    try:
        field.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_refusal(answer: object) -> bool:
    return isinstance(answer, redis.ResponseError)
