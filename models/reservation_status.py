"""What a reservation can be, and what it can become."""

from enum import StrEnum


class ReservationStatus(StrEnum):
    """What became of a reservation."""

    HELD = "held"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    RELEASED = "released"
    REFUNDED = "refunded"


RESERVATION_MOVES = {
    ReservationStatus.HELD: {ReservationStatus.CONFIRMED, ReservationStatus.EXPIRED, ReservationStatus.RELEASED},
    ReservationStatus.CONFIRMED: {ReservationStatus.REFUNDED},
    ReservationStatus.EXPIRED: set(),
    ReservationStatus.RELEASED: set(),
    ReservationStatus.REFUNDED: set(),
}
