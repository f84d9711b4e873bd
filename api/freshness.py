"""How long what was read may be believed: for a tick of the clock, or until it is said to have changed."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic

from api.lines import tick_of

# In a rush seats change many times a tick; so often they are read again within one, then not before the next.
MOST_TURNS = 5
# Two questions of one request are one question.
SAME_MOMENT = 0.003


class Freshness:
    """Gives out a mark that stays the same as long as what was read under it may be shown; no mark comes twice."""

    def __init__(self, version: Callable[[], object], most_turns: int = MOST_TURNS) -> None:
        """Take what tells the version of what is read, different after each change."""
        self._ask, self._most_turns = version, most_turns
        self._lock = Lock()
        self._mark = self._tick = self._turns = 0
        self._version: object = None
        self._asked_at = float("-inf")

    def mark(self, now: datetime) -> int:
        """Return the mark of this moment."""
        tick = tick_of(now)
        with self._lock:
            # Who looked at the clock just before the tick turned comes late; a clock that is put back goes farther.
            known = tick in (self._tick, self._tick - 1)
            if known and (self._turns >= self._most_turns or monotonic() - self._asked_at < SAME_MOMENT):
                return self._mark
            version, self._asked_at = self._ask(), monotonic()
            if not known:
                self._tick, self._turns = tick, 0
                self._mark += 1
            elif version != self._version:
                self._turns += 1
                self._mark += 1
            self._version = version
            return self._mark

    def turn(self) -> None:
        """Give out another mark from now on: this process itself changed what is read."""
        with self._lock:
            self._mark += 1
