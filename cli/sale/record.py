"""What happened at a sale: counts, waits and samples, collected while it runs."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from cli.sale.service_clock import ServiceClock


class Ending(StrEnum):
    """How the sale ended for one fan."""

    BOUGHT = "bought"
    LEFT = "left the line"
    LET_GO = "let the hold run out"
    FOUND_NOTHING = "found no seat"
    WENT_HOME = "went home when it was over"
    EXPIRED = "lost the turn"
    FAULT = "met a fault"


@dataclass(frozen=True, slots=True)
class Sample:
    """The sale at one moment: `at` is seconds since the opening, `requests` those answered until then."""

    at: float
    waiting: int
    active: int
    held: int
    sold: int
    requests: int


class Outcome(NamedTuple):
    """When an outcome was known, and the seconds until then: since it was submitted, and since it was accepted.

    `accepted` is None when the acceptance was not seen, since the first answer told the outcome;
    `by_clock` is the same by the service's own time of acceptance, for what its clock is worth.
    """

    at: float
    submitted: float
    accepted: float | None
    by_clock: float


@dataclass(slots=True)
class Record:
    """Everything the summary and the report are made from. Times are seconds since the opening."""

    fans: int
    seats: int
    clock: Callable[[], float] = time.monotonic
    opened: float = field(init=False)
    arrived: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    busy: Counter[str] = field(default_factory=Counter)
    by_second: dict[str, Counter[int]] = field(default_factory=dict)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    notices: list[tuple[float, float]] = field(default_factory=list)
    looks: int = 0
    looks_of_admitted: list[int] = field(default_factory=list)
    arrival_over: float | None = None
    service_clock: ServiceClock = field(default_factory=ServiceClock)
    joined_at: list[str] = field(default_factory=list)
    admitted_at: list[str] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    purchases: list[float] = field(default_factory=list)
    seats_bought: int = 0
    samples: list[Sample] = field(default_factory=list)
    over_at: float | None = None
    own_cpu: float = 0.0

    def __post_init__(self) -> None:
        self.opened = self.clock()

    def now(self) -> float:
        """Return the seconds since the sale opened."""
        return self.clock() - self.opened

    @property
    def finished(self) -> int:
        """How many fans are through, whatever became of them."""
        return self.endings.total()

    def answered(self, operation: str, status: int, seconds: float, lane: str) -> None:
        """Count one answer of the service; `lane` says for whom it was: poll, watch, joins, inside, operator."""
        self.answers[operation, status] += 1
        self.latencies.setdefault(operation, []).append(seconds)
        self.by_second.setdefault(lane, Counter())[int(self.now())] += 1

    def outcome(self, operation: str, sent: float, accepted: float | None, submitted_at: str | None) -> None:
        """Note that an outcome is known; `sent` and `accepted` are moments, `submitted_at` is the service's time."""
        now = self.now()
        by_clock = now - sent if submitted_at is None else self.service_clock.since(submitted_at)
        known = Outcome(now, now - sent, None if accepted is None else now - accepted, by_clock)
        self.outcomes.setdefault(operation, []).append(known)

    def admitted(self, joined_at: str, admitted_at: str, arrived: float, looks: int = 0) -> None:
        """Note that a fan who arrived at `arrived` knows that it is their turn, after so many looks.

        The texts are the service's times.
        """
        self.joined_at.append(joined_at)
        self.admitted_at.append(admitted_at)
        self.waits.append((arrived, self.now() - arrived))
        self.notices.append((self.now(), self.service_clock.since(admitted_at)))
        self.looks_of_admitted.append(looks)

    def bought(self, seats: int) -> None:
        """Note a paid purchase."""
        self.purchases.append(self.now())
        self.seats_bought += seats

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
            )
        )
