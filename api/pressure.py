"""How much this process is under load: how long connections of the outside wait for a thread, and how many in vain."""

import threading
from collections import Counter
from collections.abc import Callable
from math import exp
from time import monotonic

# Up to here nobody notices; from there on fans who wait are told to ask three times less often.
CALM_SECONDS, HEAVY_SECONDS = 0.02, 0.3
MOST_STRETCHED = 3.0
# An overload is noticed within a second and forgotten within several.
RISE_SECONDS, FALL_SECONDS = 0.5, 4.0
# One wait speaks for so much of the time before it: a single slow moment after a quiet minute is no overload.
STEP_SECONDS = 0.1
# What was refused is handed to the metrics and the log this often.
HAND_OVER_SECONDS = 1.0


class Pressure:
    """A mean of waits in which later ones count more; it fades while nobody waits."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Start calm."""
        self._clock = clock
        self._mean, self._at = 0.0, clock()

    def note(self, waited_seconds: float) -> None:
        """Take a wait into account. Several threads may; a wait that is lost between two of them is no harm."""
        if waited_seconds <= CALM_SECONDS and self._mean <= CALM_SECONDS:
            # Nothing to learn, as with nearly every request.
            return
        now = self._clock()
        elapsed, self._at = max(now - self._at, 1e-4), now
        step = min(elapsed, STEP_SECONDS)
        # Before that, nobody waited.
        self._mean *= exp(-(elapsed - step) / FALL_SECONDS)
        period = RISE_SECONDS if waited_seconds > self._mean else FALL_SECONDS
        self._mean += (waited_seconds - self._mean) * (1 - exp(-step / period))

    @property
    def stretch(self) -> float:
        """By how much told intervals of those outside are stretched: 1 when calm, 3 under heavy load."""
        if self._mean <= CALM_SECONDS:
            return 1.0
        mean = self._mean * exp(-max(0.0, self._clock() - self._at) / FALL_SECONDS)
        share = (mean - CALM_SECONDS) / (HEAVY_SECONDS - CALM_SECONDS)
        return 1.0 + (MOST_STRETCHED - 1.0) * min(1.0, max(0.0, share))


class Refused:
    """How many requests this process refused and has not told yet, by method."""

    def __init__(self) -> None:
        """Start with none."""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._told_at = 0.0

    def note(self, method: str) -> None:
        """Count a refusal."""
        with self._lock:
            self._counts[method] += 1

    def take(self) -> Counter[str] | None:
        """Return what came new, once a second at most; None when nothing did."""
        if not self._counts or monotonic() - self._told_at < HAND_OVER_SECONDS:
            return None
        with self._lock:
            counts, self._counts, self._told_at = self._counts, Counter(), monotonic()
        return counts


# The process's own: the worker notes, the application reads.
pressure = Pressure()
refused = Refused()
