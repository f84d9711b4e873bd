"""Deleting a concert that sold nothing."""

from datetime import datetime
from typing import Any

from models.database import rows
from models.errors import ConcertInUseError
from models.queue import Queue


def delete_concert(concert_id: int, now: datetime) -> dict[str, Any]:
    """Delete a concert: from now on it is not there; return what it was, for the trail. Locks its line.

    Refuses with `ConcertNotFoundError`, or `ConcertInUseError` when somebody bought, waits or is inside. Who is not
    inside holds nothing, and the lock lets nobody in meanwhile.
    """
    queue = Queue.existing(concert_id)
    [(title, venue, dates, seats, is_sold, is_inside)] = rows(_ABOUT, concert_id=concert_id)
    if is_sold:
        message = f"Seats of concert {concert_id} were sold, so it stays on record."
        raise ConcertInUseError(message, reason="sold")
    if queue.waiting > 0 or is_inside:
        message = f"Fans wait for concert {concert_id} or are inside; end its line first."
        raise ConcertInUseError(message, reason="in_line")
    queue.deleted_at = now
    return {"title": title, "venue": venue, "performances": dates, "seats": seats}


# A refunded payment was one: what was done with money stays on record. Whose time inside is over may hold something
# until a sweep ends the token.
_ABOUT = """
    SELECT c.title, c.venue, count(p.id), coalesce(sum(p.seats_total), 0)::bigint,
           EXISTS (SELECT FROM payment WHERE concert_id = c.id),
           EXISTS (SELECT FROM queue_token WHERE concert_id = c.id AND status = 'active')
      FROM concert c LEFT JOIN performance p ON p.concert_id = c.id
     WHERE c.id = $concert_id GROUP BY c.id
"""
