"""Whether the server answers at all: one that does not is left to a single asker, everybody else is turned away."""

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

# While a server does not answer, it is asked again so often, and callers are turned away meanwhile.
COOL_DOWN = timedelta(seconds=1)
# Who was answered so lately has shown that the server lives.
LATELY = timedelta(seconds=0.5)


class Outage:
    """What this process knows of its one server.

    A missed deadline alone says little: a statement may be slow, or wait for somebody's lock, and others must not pay
    for that. So the server is taken for hung only when nobody of this process was answered lately and
    `answers`, which asks it something cheap, is not answered either. From then on one caller a
    `COOL_DOWN` asks again, so that a hung server holds one thread for a moment and never all of them.
    """

    def __init__(self, answers: Callable[[], bool]) -> None:
        """Take what asks the server whether it is there, bounded in time."""
        self._answers = answers
        self._asking = threading.Lock()
        self._heard_at = float("-inf")
        self._ask_again_at: float | None = None

    def heard(self) -> None:
        """Note that the server answered somebody."""
        self._heard_at = monotonic()
        self._ask_again_at = None

    def missed(self) -> None:
        """Note that the server missed a deadline; finds out whether it is the server's doing or one statement's."""
        if monotonic() - self._heard_at > LATELY.total_seconds():
            self._ask()

    def turns_away(self) -> bool:
        """Tell whether to wait for the server is no use now."""
        # Read once: another thread may be answered, and so end this, at any moment.
        ask_again_at = self._ask_again_at
        if ask_again_at is None:
            return False
        if monotonic() >= ask_again_at:
            self._ask()
        return self._ask_again_at is not None

    def is_over(self) -> None:
        """Forget what was known, as after the server was replaced."""
        self._ask_again_at = None

    def _ask(self) -> None:
        """Ask, unless somebody else does just now."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            if self._answers():
                self.is_over()
            else:
                self._ask_again_at = monotonic() + COOL_DOWN.total_seconds()
        finally:
            self._asking.release()
