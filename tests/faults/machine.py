"""How much of the machine others used: a recovery is timed in seconds of the machine that was left to us."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil


@dataclass
class Neighbours:
    """The processor time of everything that is neither this rig nor its stack, from now on."""

    _since: float = field(default_factory=time.monotonic)
    _busy: float = field(default=0.0)
    _ours: dict[tuple[int, float], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._busy, self._ours = _busy(), _ours()

    def share(self) -> float:
        """Return which part of all processors others used, 0 to 1."""
        ours = sum(seconds - self._ours.get(who, 0.0) for who, seconds in _ours().items())
        whole = (time.monotonic() - self._since) * (os.cpu_count() or 1)
        return min(0.95, max(0.0, (_busy() - self._busy - ours) / whole))


def _busy() -> float:
    """Return the processor seconds that all processors were taken so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _ours() -> dict[tuple[int, float], float]:
    """Return the processor seconds of this process and all below it, those of children that ended included."""
    used = {}
    rig = psutil.Process()
    for process in [rig, *rig.children(recursive=True)]:
        with suppress(psutil.Error):
            times = process.cpu_times()
            used[process.pid, process.create_time()] = sum(times[:4])
    return used
