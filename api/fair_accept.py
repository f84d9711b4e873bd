"""Even shares: which web process takes the next connection, and which has too many.

All processes wake up for a new connection, and the quickest takes it. That is often the same one many times over, whose
threads then stand in each other's way while another process has nothing to do: polls were three times slower so. And
while a process is being replaced, all come to the others, and would stay there. As the processes share no counter of
their own, each writes its connections down where the others can read them.
"""

import mmap
from time import sleep

# Processes that are being replaced count too; far more than one machine runs.
MOST_PROCESSES = 256
# So long a process that has more leaves a new connection to the others. Nobody is kept waiting longer: who has the
# fewest may have no time for it either.
LEAVE_SECONDS = 0.0005
# A few more than others have is no harm.
HARMLESS = 8
_NOT_ACCEPTING = -1

# Made when gunicorn loads the worker's class, before it forks.
_counts = memoryview(mmap.mmap(-1, 4 * MOST_PROCESSES)).cast("i")
for _place in range(MOST_PROCESSES):
    _counts[_place] = _NOT_ACCEPTING


class Share:
    """How many connections one process has, in the sight of all."""

    def __init__(self, number: int) -> None:
        """Take gunicorn's number of the process (its age); those that run at the same time are close together."""
        self._place = number % MOST_PROCESSES

    def tell(self, connections: int) -> None:
        """Tell the others how many connections this process has and that it takes more."""
        _counts[self._place] = connections

    def leave(self) -> None:
        """Tell the others that this process takes no more connections, or has ended."""
        _counts[self._place] = _NOT_ACCEPTING

    def give_way(self) -> None:
        """Leave a new connection for a moment to a process that has fewer, if there is one."""
        own = _counts[self._place]
        if any(_NOT_ACCEPTING < count < own for count in _counts):
            sleep(LEAVE_SECONDS)

    def fair(self) -> int | None:
        """Return how many connections to keep when this process has far more than another one, else None."""
        own = _counts[self._place]
        fewest = min((count for count in _counts if count > _NOT_ACCEPTING), default=own)
        return (own + fewest) // 2 if own > 2 * fewest + HARMLESS else None
