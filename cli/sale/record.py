"""What happened at a sale: counts, waits and samples, collected while it runs."""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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

    def admitted(self, joined_at: str, admitted_at: str, arrived: float) -> None:
        """Note that a fan who arrived at `arrived` knows that it is his turn; the texts are the service's times."""
        self.joined_at.append(joined_at)
        self.admitted_at.append(admitted_at)
        self.waits.append((arrived, self.now() - arrived))

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
