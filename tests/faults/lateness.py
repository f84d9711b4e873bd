"""How long a client waited for an answer, fairly: from sending, without what the rig itself did to web.

A 503 must come within 5 s, and whoever prefers to wait must be answered within 5 s after that wait.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.machine import Neighbours

TOLD_WITHIN = 5.0
# For the clients, who share the processors with everything that is broken here.
ALLOWANCE = 1.0
SAMPLE_SECONDS = 2.0

Span = tuple[float, float]


@dataclass
class Downtime:
    """When web was stopped or killed by the rig, by the monotonic clock; spans may lie over each other."""

    spans: list[list[float]] = field(default_factory=list)

    def begin(self) -> list[float]:
        """Note that web is down from now on; hand the span to `end`."""
        span = [time.monotonic(), float("inf")]
        self.spans.append(span)
        return span

    @staticmethod
    def end(span: list[float]) -> None:
        """Note that web is back."""
        span[1] = time.monotonic()

    @contextmanager
    def lasting(self, *, counts: bool = True) -> Iterator[None]:
        """Count the block as downtime, if it `counts`."""
        span = self.begin() if counts else [0.0, 0.0]
        try:
            yield
        finally:
            self.end(span)

    def without(self, begun: float, ended: float) -> float:
        """Return how many seconds between two moments web was left alone."""
        left, at = 0.0, begun
        for start, end in sorted(tuple(span) for span in self.spans):
            if end > at and start < ended:
                left += max(0.0, start - at)
                at = max(at, min(end, ended))
        return left + max(0.0, ended - at)


class Shares:
    """What part of the machine others used, sampled all the time in a thread of its own."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shares", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sample under way."""
        self._over.set()
        self._thread.join(30)

    def of(self, begun: float, ended: float) -> float:
        """Return the average share between two moments, 0 to 1."""
        parts = [(min(end, ended) - max(start, begun), share) for start, end, share in list(self._samples)]
        parts = [(seconds, share) for seconds, share in parts if seconds > 0]
        whole = sum(seconds for seconds, _ in parts)
        return sum(seconds * share for seconds, share in parts) / whole if whole else 0.0

    def _run(self) -> None:
        while not self._over.is_set():
            begun, neighbours = time.monotonic(), Neighbours()
            self._over.wait(SAMPLE_SECONDS)
            self._samples.append((begun, time.monotonic(), neighbours.share()))


@dataclass(frozen=True)
class Answered:
    """One 503, or one answer to `Prefer: wait`: to what, and how long it took.

    By the wall, without the rig's doing, and of our part of the machine; `waits` are the seconds it was asked to wait.
    """

    what: str
    at: str
    by_the_wall: float
    fairly: float
    of_our_machine: float
    waits: float = 0.0

    @property
    def is_late(self) -> bool:
        """Whether it took too long."""
        return self.of_our_machine > self.waits + TOLD_WITHIN + ALLOWANCE

    def told(self) -> str:
        """Return it as words."""
        what = "was answered" if self.waits else "was told of an outage"
        return (
            f"{self.at} {self.what} {what} after {self.fairly:.1f} s, {self.of_our_machine:.1f} s of our"
            f" machine ({self.by_the_wall:.1f} s with the time that web was stopped or down)"
        )


@dataclass
class Lateness:
    """Weighs each 503, and each answer to those who prefer to wait, of a run."""

    downtime: Downtime
    shares: Shares

    def weigh(self, what: str, at: str, begun: float, ended: float, waits: float = 0.0) -> Answered:
        """Return how long one took."""
        fairly = self.downtime.without(begun, ended)
        # Whoever is asked to wait does so by the clock; what others take of the machine makes only the rest longer.
        counted = min(fairly, waits) + max(0.0, fairly - waits) * (1 - self.shares.of(begun, ended))
        return Answered(what, at, ended - begun, fairly, counted, waits)


def violations(found: list[Answered]) -> list[str]:
    """Return those that took too long, as sentences."""
    return [one.told() for one in found if one.is_late]


def figures(found: list[Answered]) -> dict[str, float]:
    """Return the slowest, in seconds; without the wait that was asked for."""

    def slowest(seconds: Iterable[float]) -> float:
        return round(max(0.0, max(seconds, default=0.0)), 1)

    return {
        "by the clock": slowest(one.by_the_wall - one.waits for one in found),
        "web stopped or down taken off": slowest(one.fairly - one.waits for one in found),
        "and the neighbours' share": slowest(one.of_our_machine - one.waits for one in found),
        "above 5 s, of all": sum(one.fairly - one.waits > TOLD_WITHIN for one in found),
        "all": len(found),
    }
