"""What happened at a sale: counts, waits and samples, collected while it runs."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NamedTuple

# The `Date` header has whole seconds, and an answer takes its time. Seconds.
CLOCKS_AGREE = 2.5


class Ending(StrEnum):
    """How the sale ended for one fan."""

    BOUGHT = "bought"
    LEFT = "left the line"
    LET_GO = "let the hold run out"
    FOUND_NOTHING = "found no seat"
    WENT_HOME = "went home when it was over"
    EXPIRED = "lost the turn"
    FAULT = "met a fault"


class Outcome(NamedTuple):
    """When the outcome of a change was known (seconds since the opening), and what it took since when."""

    at: float
    since_sent: float
    since_accepted: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The sale at one moment: `at` is seconds since the opening, `requests` those answered until then."""

    at: float
    waiting: int
    active: int
    held: int
    sold: int
    requests: int
    # Of these, those of fans who waited: for their token, and the public document.
    polls: int = 0
    watches: int = 0


@dataclass(slots=True)
class Record:
    """Everything the summary and the report are made from. Times are seconds since the opening."""

    fans: int
    seats: int
    opened: float = field(default_factory=time.monotonic)
    arrived: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    # What was refused as `busy`, by operation, and sent again.
    busy: Counter[str] = field(default_factory=Counter)
    # By operation: when the outcome was known, and how long after sending and after being accepted.
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    # Seconds from admission, by the service's clock, to noticing it; empty where the two clocks do not agree.
    noticed: list[float] = field(default_factory=list)
    # Requests that waiting cost each fan who was admitted.
    waiting_cost: list[int] = field(default_factory=list)
    arrived_at: float | None = None
    joined_at: list[str] = field(default_factory=list)
    admitted_at: list[str] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    purchases: list[float] = field(default_factory=list)
    seats_bought: int = 0
    samples: list[Sample] = field(default_factory=list)
    over_at: float | None = None
    own_cpu: float = 0.0

    def now(self) -> float:
        """Return the seconds since the sale opened."""
        return time.monotonic() - self.opened

    @property
    def finished(self) -> int:
        """How many fans are through, whatever became of them."""
        return self.endings.total()

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer of the service."""
        self.answers[operation, status] += 1
        self.latencies.setdefault(operation, []).append(seconds)

    def admitted(self, joined_at: str, admitted_at: str, arrived: float, *, cost: int = 0) -> None:
        """Note that a fan who arrived at `arrived` knows that it is their turn; the texts are the service's times.

        `cost` is how many requests waiting took them.
        """
        self.joined_at.append(joined_at)
        self.admitted_at.append(admitted_at)
        self.waits.append((arrived, self.now() - arrived))
        self.waiting_cost.append(cost)

    def noticed_after(self, admitted_at: str, answered_at: float, date: str | None) -> None:
        """Note how long after the admission its fan knew of it; `answered_at` is this machine's time (epoch seconds).

        Only where this machine's clock and the service's agree within what the `Date` header can tell.
        """
        if date is None or abs(parsedate_to_datetime(date).timestamp() - answered_at) > CLOCKS_AGREE:
            return
        self.noticed.append(max(0.0, answered_at - datetime.fromisoformat(admitted_at).timestamp()))

    def outcome(self, operation: str, sent: float, accepted: float) -> None:
        """Note that the outcome of a change is known; `sent` and `accepted` are monotonic seconds."""
        known = time.monotonic()
        found = Outcome(known - self.opened, known - sent, known - accepted)
        self.outcomes.setdefault(operation, []).append(found)

    def bought(self, seats: int) -> None:
        """Note a paid purchase."""
        self.purchases.append(self.now())
        self.seats_bought += seats

    def _answered(self, operation: str) -> int:
        return len(self.latencies.get(operation, ()))

    def sample(self, stats: dict[str, Any]) -> None:
        """Keep what the service says about itself now (the operator's stats)."""
        self.samples.append(
            Sample(
                at=self.now(),
                waiting=stats["waiting"],
                active=stats["active"],
                held=stats["seats_held"],
                sold=stats["seats_sold"],
                requests=self.answers.total(),
                polls=self._answered("poll"),
                watches=self._answered("watch"),
            )
        )
