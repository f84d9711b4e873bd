"""What a fan in line looks at, and when: the public document while far back, their own token near their turn."""

from dataclasses import dataclass
from typing import Any

# However far back, a fan shows this often that they still wait. Seconds.
TOKEN_AT_LEAST_EVERY = 180.0
# Whose turn may come this soon asks with their token, and once when it comes this near. Seconds.
NEXT, SOON = 5.0, 20.0
# As the service paces: a tenth of the wait, and never more often than this (seconds).
SHARE_OF_WAIT, SHORTEST = 0.1, 2.0


@dataclass(slots=True)
class Watch:
    """What was last heard of a fan's place: from the answer for their token, and from the document since.

    `place` is None where the service does not tell it; then only the token says anything.
    """

    place: int | None
    watches_queue: bool
    told: float
    asked_at: float
    state: str | None = None

    @classmethod
    def of(cls, token: dict[str, Any], told: float, now: float) -> "Watch":
        """Begin with an answer for the token, and the interval it told (seconds)."""
        place = token.get("place")
        return cls(place, token.get("watch") == "queue" and place is not None, told, now)

    def next_look(self, document: dict[str, Any], now: float) -> float | None:
        """Return how long to wait before the next look, or None when it is time to ask with the token."""
        distance = (self.place or 0) - document["serving_number"]
        changed, self.state = self.state not in (None, document["state"]), document["state"]
        if distance <= 0 or changed or now - self.asked_at >= TOKEN_AT_LEAST_EVERY:
            return None
        estimate = document["estimated_wait_seconds"]
        if estimate is None:
            return self.told
        # The document's estimate is a newcomer's.
        wait = estimate * distance / max(document["waiting"], distance)
        comes_soon = wait <= SOON and self.told > SHORTEST
        if wait <= NEXT or comes_soon:
            return None
        stretch = float(document.get("stretch", 1.0)) if wait > SOON else 1.0
        paced: float = min(max(self.told, SHORTEST), max(SHORTEST, wait * SHARE_OF_WAIT)) * stretch
        return paced
