"""A booking: a confirmed reservation as the fan sees it, with concert, date, seats and payment."""

from collections.abc import Iterable, Sequence
from typing import Any

from models.clock import to_rfc3339
from models.database import Prepared, rows
from models.reservation_view import seats_of


def of_payments(payment_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the bookings that payments made, in the order of the payments given."""
    bookings = {booking["payment_id"]: booking for booking in _views(_OF_PAYMENTS.rows(list(payment_ids)))}
    return [bookings[payment_id] for payment_id in payment_ids]


def find(payment_id: int) -> dict[str, Any] | None:
    """Return what a payment bought, also when it was refunded; None when there is no such payment."""
    return next(iter(_views(_OF_PAYMENTS.rows([payment_id]))), None)


def page(
    user_id: str, *, limit: int, before_id: int | None = None, concert_id: int | None = None
) -> list[dict[str, Any]]:
    """Return up to `limit` bookings of a user (for one concert), newest first, those before a payment id."""
    sql = f"""{_BOOKING}
         WHERE p.user_id = $user_id AND p.status = 'paid'
           AND p.id < coalesce($before_id::bigint, 9223372036854775807)
           AND p.concert_id = coalesce($concert_id::bigint, p.concert_id)
         ORDER BY p.id DESC LIMIT $limit"""
    return _views(rows(sql, user_id=user_id, before_id=before_id, concert_id=concert_id, limit=limit))


_BOOKING = """
    SELECT p.id, p.reservation_id, p.user_id, h.name, p.amount, p.paid_at, r.status,
           c.id, c.title, c.venue, c.timezone, d.id, d.starts_at
      FROM payment p
      JOIN reservation r ON r.id = p.reservation_id
      JOIN performance d ON d.id = r.performance_id
      JOIN concert c ON c.id = r.concert_id
      LEFT JOIN holder h ON h.user_id = p.user_id
"""


_OF_PAYMENTS = Prepared("find_bookings_of_payments", "bigint[]", f"{_BOOKING} WHERE p.id = ANY($1)")


def _views(found: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    found = list(found)
    seats = seats_of([reservation_id for _, reservation_id, *_ in found])
    return [
        {
            "payment_id": payment_id,
            "reservation_id": reservation_id,
            "user_id": user_id,
            "holder": holder,
            "status": status,
            "concert": {"id": concert_id, "title": title, "venue": venue, "timezone": timezone},
            "performance": {"id": performance_id, "starts_at": to_rfc3339(starts_at)},
            "seats": seats[reservation_id],
            "amount": amount,
            "paid_at": to_rfc3339(paid_at),
        }
        for (
            payment_id,
            reservation_id,
            user_id,
            holder,
            amount,
            paid_at,
            status,
            concert_id,
            title,
            venue,
            timezone,
            performance_id,
            starts_at,
        ) in found
    ]
