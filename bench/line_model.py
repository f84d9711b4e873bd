"""The line of a simulated sale: places, whose turn it is, and what a fan is told when they look.

What intervals go by is the product's own (models/pacing.py), so the simulation paces as the service does.
"""

from collections import deque
from dataclasses import dataclass, field

from cli.sale.waiting import Lookout
from models.pacing import SLOWEST_TURN, Pace, Turnover, next_places, told
from models.policy import Policy

POLICY = Policy()


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
    paced: bool = True
    waiting: deque[Place] = field(default_factory=deque)
    issued: int = 0
    serving: int = 0
    active: int = 0
    turnover: Turnover = field(default_factory=Turnover)
    longest: int = 0
    # Since when the room has been full: only then an admission is a place that came free.
    full_since: float | None = None

    def join(self) -> Place:
        """Give the next place."""
        self.issued += 1
        place = Place(self.issued, Lookout(paced=self.paced))
        self.waiting.append(place)
        return place

    def admit(self, now: float) -> None:
        """Admit as many as there is room for, in order of place; called at each beat."""
        self.longest = max(self.longest, len(self.waiting))
        admitted = 0
        while self.waiting and self.active < self.capacity:
            place = self.waiting.popleft()
            self.serving = place.number
            if not place.left:
                place.active, place.admitted_at = True, now
                self.active += 1
                admitted += 1
        if self.full_since is not None:
            self.turnover = self.turnover.after(now - self.full_since, admitted)
        self.full_since = now if self.active >= self.capacity and self.waiting else None

    def wait_of(self, place: Place) -> float:
        """Return the wait that a place's interval goes by: its position, the room and the turnover."""
        room = max(0, self.capacity - self.active) + next_places(self.capacity)
        pace = Pace(0.0, self.serving, room, self.turnover.expected(self.capacity), None)
        return pace.wait_seconds(place.number - self.serving)

    def tell(self, place: Place, now: float) -> None:
        """Answer with the token."""
        paced = told(self.wait_of(place), place.number, POLICY)
        token = {"place": place.number, "poll_after_seconds": paced.seconds, "watch": paced.watch}
        place.lookout.told(token, now)

    def show(self, place: Place) -> bool:
        """Show the public document; returns whether the fan asks with their token then."""
        return place.lookout.saw(self.document())

    def document(self) -> dict[str, object]:
        """Return what `GET /v1/queues/{id}` tells; the estimate is a newcomer's."""
        behind = max(0, len(self.waiting) + 1 - max(0, self.capacity - self.active))
        rate = max(self.turnover.rate(), self.capacity / SLOWEST_TURN)
        return {
            "state": "open",
            "serving_number": self.serving,
            "waiting": len(self.waiting),
            "estimated_wait_seconds": max(1.0, behind / rate),
        }
