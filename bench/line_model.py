"""The line of a simulated sale: places, whose turn it is, and what a fan is told when they look."""

from collections import deque
from dataclasses import dataclass, field
from math import exp
from random import Random

from cli.sale.waiting import Lookout

# As models/queue.py and models/line.py have them: seconds over which admissions are averaged, and seconds
# after which each place inside is free again at the latest.
RATE_WINDOW = 60.0
SLOWEST_TURN = 600.0
# What a fan is told to wait: a tenth of their estimated wait within these bounds, so or so much of it.
PART, SHORTEST, LONGEST, SPREAD = 0.1, 2.0, 30.0, 0.15
# Those whose turn may come so soon ask with their token; the others look at the public document.
NEXT = 5.0


@dataclass(slots=True)
class Place:
    """One fan's place in line, and how they look at it."""

    number: int
    lookout: Lookout
    active: bool = False
    admitted_at: float = 0.0
    left: bool = False


@dataclass(slots=True)
class LineModel:
    """A line of which `capacity` are inside at most. Times are seconds."""

    capacity: int
    chance: Random
    paced: bool = True
    waiting: deque[Place] = field(default_factory=deque)
    issued: int = 0
    serving: int = 0
    active: int = 0
    rate: float = 0.0
    longest: int = 0
    credited_at: float = 0.0

    def join(self) -> Place:
        """Give the next place."""
        self.issued += 1
        place = Place(self.issued, Lookout(paced=self.paced))
        self.waiting.append(place)
        return place

    def admit(self, now: float) -> None:
        """Let in whoever there is room for, in order of place; called at each beat."""
        self.longest = max(self.longest, len(self.waiting))
        admitted = 0
        while self.waiting and self.active < self.capacity:
            place = self.waiting.popleft()
            self.serving = place.number
            if not place.left:
                place.active, place.admitted_at = True, now
                self.active += 1
                admitted += 1
        self.rate = self.rate * exp(-(now - self.credited_at) / RATE_WINDOW) + admitted / RATE_WINDOW
        self.credited_at = now

    def estimate(self, place: Place) -> float:
        """Return how long a fan waits by their position and the rate lately seen."""
        position = max(1, place.number - self.serving)
        behind = max(0, position - max(0, self.capacity - self.active))
        return max(1.0, behind / max(self.rate, self.capacity / SLOWEST_TURN))

    def tell(self, place: Place, now: float) -> None:
        """Answer with the token."""
        estimate = self.estimate(place)
        pause = min(max(estimate * PART, SHORTEST), LONGEST) * self.chance.uniform(1 - SPREAD, 1 + SPREAD)
        watch = "queue" if estimate > NEXT else "token"
        told = {"place": place.number, "serving_number": self.serving, "watch": watch, "poll_after_seconds": pause}
        place.lookout.told(told, now)

    def show(self, place: Place) -> bool:
        """Show the public document; returns whether the fan asks with their token then."""
        return place.lookout.saw({"state": "open", "serving_number": self.serving})
