"""Pacing: how soon a waiting fan is to ask again, and by when everybody who was just admitted will have asked.

A fan is told a tenth of the estimated wait, within limits, so the far end of a long line asks seldom. The line
remembers what told intervals went by lately; for each admission that bounds the moment at which its fan asks next,
however much faster than expected the turn came.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, exp, inf
from typing import NamedTuple

from models.policy import Policy

SHARE_OF_WAIT = 0.1
# Fans ask at moments of their own; the share is fixed for a token, so that a fan's intervals are steady.
SPREAD = 0.15
# Who may be admitted this soon is next, and asks with the token; who soon is asks as often as anybody may, whatever the
# load, and with the token as well when a process is under load: it serves those first.
NEXT_SECONDS, SOON_SECONDS = 5.0, 20.0
UNDER_LOAD = 1.2
# A process under load tells those outside up to so many times the interval.
MOST_STRETCHED = 3.0
# An interval may be told from a snapshot of the line that is this old: a tick, and what clocks differ by.
STALE = timedelta(seconds=2)
# So often at most an entry is remembered; the intervals told meanwhile go by the last one.
REMEMBER_EVERY = timedelta(seconds=3)

# Over how long the turnover of the room is averaged, in seconds.
TURNOVER_WINDOW = 30.0
# Until the room was full for so many seconds it is taken to be as quick as programs are, so nobody is told to come too
# late; a place that comes free every five seconds is quicker than people.
UNKNOWN_SECONDS = 10.0
QUICKEST_TURN = 5.0
# Seconds after which each place inside is free again at the latest, by the default policy: the slowest turnover.
SLOWEST_TURN = 600.0

_GOLDEN = 2_654_435_769


class Pace(NamedTuple):
    """What intervals go by from a moment on: the JSON of one entry of `queue.pace`.

    `at` is seconds since the epoch. Whoever is up to `room` places behind `serving` may be admitted any moment, by the
    room; behind them `rate` a second are. `limit` is the operator's admissions a second, if there is one.
    """

    at: float
    serving: int
    room: int
    rate: float
    limit: float | None

    def wait_seconds(self, position: int) -> float:
        """Return how long a position is expected to wait; infinite behind the room while nobody is admitted.

        Whoever would be admitted at once when a paused line is opened keeps asking as those next do.
        """
        by_limit = position / self.limit if self.limit else 0.0
        behind_room = position - self.room
        by_room = 0.0 if behind_room <= 0 else behind_room / self.rate if self.rate > 0 else inf
        return max(by_limit, by_room)

    def says_the_same(self, other: "Pace") -> bool:
        """Tell whether an other entry leads to the same intervals."""
        return self[1:] == other[1:]


class Told(NamedTuple):
    """What a fan is told: to ask again after so many seconds, and what to look at until then (`queue`, `token`)."""

    seconds: int
    watch: str


def told(wait_seconds: float, token_id: int, policy: Policy, stretch: float = 1.0) -> Told:
    """Return what the fan of a waiting token is told; `stretch` (1 to 3) is for the load of this process."""
    shortest = policy.poll_at_least.total_seconds()
    if wait_seconds <= SOON_SECONDS:
        is_next = wait_seconds <= NEXT_SECONDS or stretch > UNDER_LOAD
        return Told(ceil(shortest), "token" if is_next else "queue")
    spread = 1 - SPREAD + 2 * SPREAD * ((token_id * _GOLDEN) % 2**32) / 2**32
    seconds = _unspread(wait_seconds, policy, min(stretch, MOST_STRETCHED)) * spread
    return Told(max(ceil(shortest), round(seconds)), "queue")


def told_at_most(wait_seconds: float, policy: Policy) -> int:
    """Return the longest interval that any fan with this wait can have been told."""
    if wait_seconds <= SOON_SECONDS:
        return ceil(policy.poll_at_least.total_seconds())
    return ceil(_unspread(wait_seconds, policy, MOST_STRETCHED) * (1 + SPREAD))


def _unspread(wait_seconds: float, policy: Policy, stretch: float) -> float:
    shortest, longest = policy.poll_at_least.total_seconds(), policy.poll_at_most.total_seconds()
    return min(longest, max(shortest, wait_seconds * SHARE_OF_WAIT * stretch))


def asks_by(history: Sequence[Pace], place: int, now: datetime, policy: Policy) -> datetime:
    """Return the moment by which the fan of a place was told to ask again, whenever they last asked.

    `history` are the line's entries, oldest first; what was told before the first one is not known.
    """
    stale, at, latest = STALE.total_seconds(), now.timestamp(), 0.0
    ends = [*(entry.at for entry in history[1:]), at]
    for entry, end in zip(history, ends, strict=True):
        wait = entry.wait_seconds(place - entry.serving)
        latest = max(latest, min(end + stale, at) + told_at_most(wait, policy))
    unknown_until = min(history[0].at + stale, at) if history else at
    latest = max(latest, unknown_until + told_at_most(inf, policy)) if not _is_covered(history, at, policy) else latest
    return max(now, now + timedelta(seconds=latest - at))


def _is_covered(history: Sequence[Pace], at: float, policy: Policy) -> bool:
    """Tell whether an interval told before the first entry is over for sure."""
    return bool(history) and history[0].at + STALE.total_seconds() + told_at_most(inf, policy) <= at


def remembered(history: Sequence[Pace], entry: Pace, policy: Policy, *, at_once: bool = False) -> list[Pace]:
    """Return the history with a new entry, without those that no interval still going on was told from.

    An entry that says the same is left out, and so is one that comes soon after the last one unless it must count
    `at_once`: until the next one intervals go by the last one.
    """
    if history:
        too_soon = 0 <= entry.at - history[-1].at < REMEMBER_EVERY.total_seconds() and not at_once
        if too_soon or entry.says_the_same(history[-1]):
            return list(history)
    # A clock that was put back must not leave entries of the future behind.
    kept = [Pace(min(old.at, entry.at), *old[1:]) for old in history]
    since = entry.at - STALE.total_seconds() - told_at_most(inf, policy)
    while len(kept) > 1 and kept[1].at <= since:
        del kept[0]
    return [*kept, entry]


class Turnover(NamedTuple):
    """How quickly places inside come free: `freed` of them within `seconds` of a full room, both fading with age."""

    freed: float = 0.0
    seconds: float = 0.0

    def after(self, elapsed: float, freed: int) -> "Turnover":
        """Return it after some more seconds of a full room in which so many places came free."""
        fade = exp(-elapsed / TURNOVER_WINDOW)
        return Turnover(self.freed * fade + freed, self.seconds * fade + elapsed)

    def scaled(self, factor: float) -> "Turnover":
        """Return it for a room that is larger by a factor."""
        return Turnover(self.freed * factor, self.seconds)

    def rate(self) -> float:
        """Return the places a second that were seen to come free; little until the room was full for a while."""
        return self.freed / max(self.seconds, UNKNOWN_SECONDS)

    def expected(self, capacity: int) -> float:
        """Return the places a second to be ready for: a room not seen full for long may be as quick as programs are."""
        unknown = max(0.0, UNKNOWN_SECONDS - self.seconds)
        seen = (self.freed + unknown * capacity / QUICKEST_TURN) / max(self.seconds, UNKNOWN_SECONDS)
        return max(seen, capacity / SLOWEST_TURN)


def next_places(capacity: int) -> int:
    """Return how many at the head of the line may be admitted any moment although no place inside is free."""
    return max(5, capacity // 10)
