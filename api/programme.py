"""Which concert a performance belongs to: it never changes, so each process asks once."""

from models.database import read_session
from models.errors import PerformanceNotFoundError
from models.performance import Performance


class Programme:
    """Remembers the concert of each performance that somebody asked for and that exists."""

    def __init__(self) -> None:
        """Start with none."""
        self._concerts: dict[int, int] = {}

    def concert_of(self, performance_id: int) -> int:
        """Return the concert of a performance. Raises `PerformanceNotFoundError`."""
        concert_id = self._concerts.get(performance_id)
        if concert_id is None:
            with read_session():
                concert_id = Performance.concert_of(performance_id)
            if concert_id is None:
                message = f"There is no performance {performance_id}."
                raise PerformanceNotFoundError(message)
            self._concerts[performance_id] = concert_id
        return concert_id
