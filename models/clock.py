"""The one clock of frontrow: the database's time, told by this process without asking each time.

Every process corrects its own clock by the offset it measured against the database, so a machine
whose clock is minutes off neither ends a hold early nor keeps one alive. Nothing else in the
project asks for the time, so a test moves it with freezegun (the offset stays zero there).
"""

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def utcnow() -> datetime:
    """Return the current time, aware, in UTC, by the database's clock as last measured."""
    return corrected(datetime.now(UTC))


def corrected(own_time: datetime) -> datetime:
    """Return what the database's clock shows when this machine's shows `own_time`."""
    return own_time + _offset


def correct_to(database_now: datetime, asked_at: datetime, answered_at: datetime) -> timedelta:
    """Take over the database's clock; return the correction now in force.

    `asked_at` and `answered_at` are this process's own uncorrected times around the question: the
    answer was given somewhere between them, and a correction within that error is no correction. Neither
    does an answer that took long take back a correction that it does not contradict.
    """
    global _offset  # noqa: PLW0603  # One clock a process is the point of this module.
    middle = asked_at + (answered_at - asked_at) / 2
    measured, error = database_now - middle, max(answered_at - asked_at, timedelta(milliseconds=50))
    if abs(measured) > error:
        _offset = measured
    elif abs(measured - _offset) > error:
        _offset = timedelta(0)
    return _offset


def to_rfc3339(moment: datetime | None) -> str | None:
    """Write a time as the contract shows it: RFC 3339, UTC, `Z`."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
