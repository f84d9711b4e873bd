"""When a fan in line looks at the public document of the queue, and when they ask with their own token.

What the contract asks of everybody who waits: far back one looks at the document, which is the same for
all and which a cache answers, and asks for oneself only when it says that something has changed, or that the turn comes
near.
"""

from dataclasses import dataclass
from typing import Any

# What is waited where the service tells nothing.
POLL = 5.0
LONGEST_WAIT = 90.0
# A token is asked for at least so often, whatever the document says.
ASK_AT_LEAST = 180.0
# Whose turn may come within NEXT seconds asks with their token. Under load those are served first whom it told to:
# then one asks already when the turn comes within SOON.
NEXT, SOON = 5.0, 20.0
# As the service paces: a tenth of the wait, and never more often than this (seconds).
SHARE_OF_WAIT, SHORTEST = 0.1, 2.0


@dataclass(slots=True)
class Lookout:
    """What one fan knows of the line. Times are seconds of one clock, `pause` is the wait until the next look.

    With `paced=False` they ask with the token every five seconds, whatever they are told: the floor of a
    benchmark, not a setting.
    """

    paced: bool = True
    watches: bool = False
    pause: float = POLL
    told_pause: float = POLL
    place: int | None = None
    document: dict[str, Any] | None = None
    state: str | None = None
    etag: str | None = None
    asked_at: float = 0.0

    def told(self, token: dict[str, Any], now: float, otherwise: float = POLL) -> None:
        """Take in an answer for the token; `otherwise` is the wait when it names none itself."""
        self.asked_at = now
        if not self.paced:
            return
        self.pause = min(max(float(token.get("poll_after_seconds") or otherwise), 0.0), LONGEST_WAIT)
        self.told_pause = self.pause
        self.place = token.get("place")
        self.watches = token.get("watch") == "queue" and self.place is not None

    @property
    def is_next(self) -> bool:
        """Whether the turn may come any moment, as the service said."""
        return self.paced and self.place is not None and not self.watches

    def looks_at_queue(self, now: float) -> bool:
        """Whether the next look is at the document; else the token is asked for."""
        return self.watches and now - self.asked_at < ASK_AT_LEAST

    def saw(self, document: dict[str, Any] | None) -> bool:
        """Take in the document, None when it has not changed; returns whether to ask with the token now."""
        self.document = document or self.document
        queue = self.document or {}
        changed = self.state is not None and queue.get("state") != self.state
        self.state = queue.get("state")
        serving = queue.get("serving_number")
        if serving is None or self.place is None:
            # A document without it tells nobody whose turn it is.
            return True
        ahead = self.place - serving
        return changed or ahead <= 0 or self._comes_near(ahead, queue)

    def _comes_near(self, ahead: int, queue: dict[str, Any]) -> bool:
        """Tell whether to ask with the token; if not, set when to look again."""
        estimate = queue.get("estimated_wait_seconds")
        if estimate is None:
            self.pause = self.told_pause
            return False
        # The document's estimate is a newcomer's.
        wait = estimate * ahead / max(queue.get("waiting") or ahead, ahead)
        stretch = float(queue.get("stretch", 1.0))
        is_served_first = wait <= SOON and self.told_pause > SHORTEST and stretch > 1.0
        if wait <= NEXT or is_served_first:
            return True
        pause = max(SHORTEST, wait * SHARE_OF_WAIT) * (stretch if wait > SOON else 1.0)
        # Never longer than was told: an admission is kept for whoever keeps to that.
        self.pause = min(max(self.told_pause, SHORTEST), pause)
        return False
