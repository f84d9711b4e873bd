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
    _before: dict[tuple[int, float], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = self._used()

    def share(self) -> float:
        """Return which part of all processors others used, 0 to 1; of those that have ended nothing is counted."""
        used = sum(seconds - self._before.get(who, 0.0) for who, seconds in self._used().items())
        whole = (time.monotonic() - self._since) * (os.cpu_count() or 1)
        return min(0.95, max(0.0, used / whole))

    def _used(self) -> dict[tuple[int, float], float]:
        ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
        used = {}
        for process in psutil.process_iter(["pid", "create_time", "cpu_times"]):
            if process.pid not in ours and process.info["cpu_times"] is not None:
                with suppress(psutil.Error):
                    times = process.info["cpu_times"]
                    used[process.pid, process.info["create_time"]] = times.user + times.system
        return used
