"""The ways to the service: which connections a fan uses, and how they wait there."""

from dataclasses import dataclass
from typing import Any

from cli.sale.record import Record
from cli.sale.service import Service, told_to_wait
from cli.sale.wire import Answer, Pool

# Every browser has connections of its own. Twenty thousand of them are more than a process may open, so those outside
# share many; whoever is inside or next has one, behind nobody else's.
JOINING, WAITING = 300, 500
NEAR = 1
# How often fans ask who are not paced.
UNPACED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ways:
    """How fans reach the service. `paced` and `waits` are off only to see what they are worth."""

    url: str
    joining: Service
    waiting: Service
    paced: bool = True

    @classmethod
    def to(cls, url: str, record: Record, *, paced: bool = True, waits: bool = True) -> "Ways":
        """Make the ways to a service."""
        joining = Service(Pool(url, JOINING), record, waits=waits)
        return cls(url, joining, joining.with_pool(Pool(url, WAITING)), paced)

    def near(self) -> Service:
        """Return a way of one's own, for a fan who is next or inside; its pool is closed by them."""
        return self.waiting.with_pool(Pool(self.url, NEAR))

    def interval(self, place: dict[str, Any], answer: Answer | None) -> float:
        """Return how long to wait before looking again, in seconds."""
        if not self.paced:
            return UNPACED_SECONDS
        told = float(place.get("poll_after_seconds", UNPACED_SECONDS))
        return told if answer is None else told_to_wait(answer, told)

    def close(self) -> None:
        """Close what is open."""
        self.joining.pool.close()
        self.waiting.pool.close()
