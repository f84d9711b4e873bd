"""The names of time zones that a concert may have."""

from functools import cache
from zoneinfo import available_timezones

# A machine's folder of zones holds these two as well; they are no places, and browsers refuse them.
_NO_PLACES = frozenset({"localtime", "Factory"})


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones that this machine knows."""
    return frozenset(available_timezones()) - _NO_PLACES


def check_time_zone(name: str) -> str:
    """Return `name` when it is a time zone of the IANA database, spelled as there. Raises `ValueError`."""
    if name not in time_zones():
        message = "the name of an IANA time zone is needed, such as Asia/Seoul or America/New_York"
        raise ValueError(message)
    return name
