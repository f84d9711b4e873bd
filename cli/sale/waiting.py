"""What a fan in line looks at, and when: the public document while far back, their own token near their turn."""

from dataclasses import dataclass
from typing import Any

# However far back, a fan shows this often that they still wait. Seconds.
TOKEN_AT_LEAST_EVERY = 180.0


@dataclass(slots=True)
class Watch:
    """What was last heard of a fan's place: from the answer for their token, and from the document since.

    `place` is None where the service does not tell it; then only the token says anything.
    """

    place: int | None
    watches_queue: bool
    asked_at: float
    distance: int | None = None
    state: str | None = None

    @classmethod
    def of(cls, token: dict[str, Any], now: float) -> "Watch":
        """Begin with an answer for the token."""
        place = token.get("place")
        return cls(place, token.get("watch") == "queue" and place is not None, now)

    def asks_with_token(self, document: dict[str, Any], now: float) -> bool:
        """Tell whether what the document says, or the time, is a reason to ask with the token."""
        if self.place is None:
            return True
        distance = self.place - document["serving_number"]
        if self.distance is None:
            self.distance, self.state = distance, document["state"]
        return (
            distance <= 0
            or distance * 2 <= self.distance
            or document["state"] != self.state
            or now - self.asked_at >= TOKEN_AT_LEAST_EVERY
        )
