"""Ending many holds at once, a statement a table: when a sale is over, thousands lapse in the same minute."""

from collections.abc import Callable, Sequence
from datetime import datetime

from models.database import change, rows


def expire_together(due: Sequence[int], clock: Callable[[], datetime]) -> None:
    """End these reservations, which the caller has locked and found lapsed; locks their seats and frees them."""
    rows(_LOCK_SEATS_OF, due=due)
    now = clock()
    for statement in _EXPIRE_ALL:
        change(statement, due=due, now=now)


_LOCK_SEATS_OF = """
    SELECT id FROM seat WHERE id IN (SELECT seat_id FROM reservation_seat WHERE reservation_id = ANY($due))
     ORDER BY id FOR UPDATE
"""

_EXPIRE_ALL = (
    "UPDATE reservation SET status = 'expired', ended_at = $now WHERE id = ANY($due) AND status = 'held'",
    "UPDATE reservation_seat SET live = false WHERE reservation_id = ANY($due)",
    """UPDATE seat SET status = 'available', reservation_id = NULL, held_until = NULL
        WHERE id IN (SELECT seat_id FROM reservation_seat WHERE reservation_id = ANY($due))
          AND reservation_id = ANY($due) AND status = 'held'""",
)
