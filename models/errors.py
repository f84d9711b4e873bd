"""Every refusal of the domain, on one page. A refusal is a correct answer, not a fault; it knows no HTTP."""

from typing import Any, ClassVar


class DomainError(Exception):
    """The domain says no: nothing was changed. `code` is stable, `members` are facts for the client."""

    code: ClassVar[str]

    def __init__(self, detail: str, **members: Any) -> None:
        """Keep the sentence for people and the facts for programs (JSON primitives only)."""
        super().__init__(detail)
        self.detail = detail
        self.members = members


class ConcertNotFoundError(DomainError):
    """There is no such concert."""

    code = "concert_not_found"


class ConcertInUseError(DomainError):
    """Somebody bought, waits or is inside, so the concert cannot be deleted. Members: `reason` (`sold`, `in_line`)."""

    code = "concert_in_use"


class PerformanceNotFoundError(DomainError):
    """There is no such performance."""

    code = "performance_not_found"


class QueueClosedError(DomainError):
    """The line of the concert takes nobody any more."""

    code = "queue_closed"


class QueueEndedError(DomainError):
    """The line of the concert was ended: it takes nobody, and nobody waits in it."""

    code = "queue_ended"


class SaleOverError(DomainError):
    """All seats are sold, or no date can be reserved any more. Members: `sold_out`."""

    code = "sale_over"


class TokenInvalidError(DomainError):
    """No such queue token was ever issued."""

    code = "token_invalid"


class TokenExpiredError(DomainError):
    """The queue token's time is over, or it was used up or given up. Members: `reason`, where the line was ended."""

    code = "token_expired"


class NotAdmittedError(DomainError):
    """The queue token still waits. Members: `position` (1 is next)."""

    code = "not_admitted"


class WrongConcertError(DomainError):
    """The queue token is one for another concert."""

    code = "wrong_concert"


class JoinLimitError(DomainError):
    """The user joined this line too often within an hour. Members: `limit`, `joinable_from`."""

    code = "join_limit"


class SeatNotFoundError(DomainError):
    """A seat is not one of that performance. Members: `seat_ids`."""

    code = "seat_not_found"


class SeatTakenError(DomainError):
    """Somebody else holds or has bought a seat. Members: `seat_ids`, the taken ones."""

    code = "seat_taken"


class SeatLimitExceededError(DomainError):
    """The user would have more seats of the concert than one may. Members: `limit`, `seats`."""

    code = "seat_limit_exceeded"


class SeatReleasedError(DomainError):
    """The user released a seat a moment ago. Members: `seat_ids`, `holdable_from`."""

    code = "seat_released"


class PerformanceClosedError(DomainError):
    """The performance cannot be reserved now."""

    code = "performance_closed"


class ReservationNotFoundError(DomainError):
    """There is no such reservation, or it is somebody else's."""

    code = "reservation_not_found"


class ReservationNotHeldError(DomainError):
    """The reservation is over: released, expired or refunded. Members: `reservation_status`."""

    code = "reservation_not_held"


class HoldExpiredError(DomainError):
    """The hold ended before the payment. Members: `expired_at`."""

    code = "hold_expired"


class AlreadyPaidError(DomainError):
    """The reservation is paid. Members: `payment_id`."""

    code = "already_paid"


class InsufficientPointsError(DomainError):
    """The balance does not cover the amount. Members: `balance`, `amount`."""

    code = "insufficient_points"


class BalanceLimitExceededError(DomainError):
    """The balance would pass its limit. Members: `balance`, `limit`."""

    code = "balance_limit_exceeded"


class PaymentNotFoundError(DomainError):
    """There is no such payment."""

    code = "payment_not_found"


class AlreadyRefundedError(DomainError):
    """The payment was refunded before. Members: `refunded_at`."""

    code = "already_refunded"


class IdempotencyKeyReusedError(DomainError):
    """The key was used for another body."""

    code = "idempotency_key_reused"


# What a violated constraint means to a customer whose rival was faster by a moment.
REFUSAL_OF_CONSTRAINT: dict[str, type[DomainError]] = {
    "one_live_reservation_per_seat": SeatTakenError,
    "one_payment_per_reservation": AlreadyPaidError,
}
