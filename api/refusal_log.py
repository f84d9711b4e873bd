"""Why identities were refused, for the log: a stranger who sends many makes no more lines than a person can read."""

import threading
from collections.abc import Callable
from time import monotonic

import structlog

LINES_A_SECOND = 10

log = structlog.get_logger(__name__)


class RefusalLog:
    """Writes up to so many lines a second, and with the next one how many were left out."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Start with none."""
        self._clock = clock
        self._lock = threading.Lock()
        self._second, self._lines, self._left_out = 0, 0, 0

    def note(self, reason: str, request_id: str | None) -> None:
        """Log why an identity was refused."""
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._lines = second, 0
            if self._lines >= LINES_A_SECOND:
                self._left_out += 1
                return
            self._lines += 1
            left_out, self._left_out = self._left_out, 0
        more = {"left_out": left_out} if left_out else {}
        log.info("identity_refused", reason=reason, request_id=request_id, **more)
