"""No told interval can cost a turn: whatever happens to the line, an admission knows by when its fan asks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pacing import (
    MOST_STRETCHED,
    NEXT_SECONDS,
    SOON_SECONDS,
    STALE,
    UNDER_LOAD,
    Pace,
    Turnover,
    asks_by,
    next_places,
    remembered,
    told,
    told_at_most,
)
from models.policy import Policy

OPENING = datetime(2026, 11, 27, 20, tzinfo=UTC)
THOROUGH = settings(max_examples=300, deadline=None, derandomize=True, database=None)
POLICIES = st.builds(
    Policy,
    poll_at_least=st.sampled_from([timedelta(seconds=seconds) for seconds in (1, 2, 5)]),
    poll_at_most=st.sampled_from([timedelta(seconds=seconds) for seconds in (5, 12.5, 30, 120)]),
)


class LineInTime:
    """A line, what it remembers of told intervals, and what each fan was told, as it was and as it is."""

    def __init__(self, capacity: int, policy: Policy) -> None:
        self.policy, self.capacity, self.is_open = policy, capacity, True
        self.now, self.serving, self.turnover = 0.0, 0, Turnover()
        rate = self.turnover.expected(capacity)
        self.history = [Pace(0.0, 0, capacity + next_places(capacity), rate, None)]
        self.moments = [(0.0, self.history[-1], 0)]
        self.asks_at: dict[int, float] = {}

    def poll(self, place: int, staleness: float, stretch: float) -> None:
        """Tell the fan of a place when to ask again, from what the line was up to two seconds ago."""
        if place <= self.serving:
            return
        read_at = self.now - staleness
        _, pace, serving = next(moment for moment in reversed(self.moments) if moment[0] <= max(0.0, read_at))
        wait = pace.wait_seconds(place - serving)
        self.asks_at[place] = self.now + told(wait, place, self.policy, stretch).seconds

    def promote(self, admitted: int, free: int) -> None:
        """Admit so many; each of them must be known to ask in time."""
        if not self.is_open:
            return
        at = OPENING + timedelta(seconds=self.now)
        last = self.serving + admitted
        history = [entry._replace(at=entry.at + OPENING.timestamp()) for entry in self.history]
        known = (asks_by(history, last, at, self.policy) - OPENING).total_seconds()
        for place in range(self.serving + 1, last + 1):
            assert self.asks_at.get(place, self.now) <= known + 1e-3, (place, self.asks_at[place], known, self.history)
        assert self.now <= known + 1e-3
        assert known <= self.now + told_at_most(inf, self.policy) + 1e-3
        self.serving = last
        self.turnover = self.turnover.after(1.0, admitted)
        self._remember(free, at_once=False)

    def steer(self, capacity: int, *, is_open: bool) -> None:
        """Let the operator change the line."""
        self.turnover, self.capacity = self.turnover.scaled(capacity / self.capacity), capacity
        self.is_open = is_open
        self._remember(0, at_once=True)

    def _remember(self, free: int, *, at_once: bool) -> None:
        rate = self.turnover.expected(self.capacity) if self.is_open else 0.0
        entry = Pace(self.now, self.serving, free + next_places(self.capacity), rate, None)
        self.history = remembered(self.history, entry, self.policy, at_once=at_once)
        self.moments.append((self.now, self.history[-1], self.serving))


def live_through(line: LineInTime, chance: Random) -> None:
    """Let a moment pass: fans ask, as late and as far back as it may be, and the line moves, or is steered."""
    line.now += chance.choice([0.1, 0.5, 1.0, 1.0, 1.5, 2.0, 5.0, chance.uniform(0, 40)])
    for _ in range(12):
        place = line.serving + chance.choice([chance.randint(1, 20), chance.randint(1, 400)])
        line.poll(place, chance.choice([0.0, 0.5, STALE.total_seconds()]), chance.choice([1.0, 2.0, MOST_STRETCHED]))
    if chance.random() < 0.15:
        line.steer(chance.choice([1, 10, 50, 300]), is_open=chance.random() < 0.7)
    elif chance.random() < 0.7:
        line.promote(chance.choice([0, 1, 2, 5, 30, 100]), chance.choice([0, 0, 0, 3, 20]))


@pytest.mark.parametrize("seed", range(40))
def test_every_admission_knows_by_when_its_fan_asks(seed):
    chance = Random(seed)
    longest = chance.choice([5, 12.5, 30, 120])
    policy = Policy(poll_at_least=timedelta(seconds=2), poll_at_most=timedelta(seconds=longest))
    line = LineInTime(chance.choice([1, 20, 200]), policy)
    for _ in range(300):
        live_through(line, chance)


def test_without_what_the_line_remembers_a_raised_capacity_would_cost_turns():
    policy = Policy()
    line = LineInTime(10, policy)
    line.turnover = Turnover(freed=1.0, seconds=30.0)
    line._remember(0, at_once=True)
    line.now = 100.0
    line.poll(300, 0.0, 1.0)
    told_until = line.asks_at[300]
    line.now = 101.0
    at = OPENING + timedelta(seconds=line.now)
    forgetful = [Pace(OPENING.timestamp(), 290, 20, 10.0, None)]
    assert (asks_by(forgetful, 300, at, policy) - OPENING).total_seconds() < told_until
    line.promote(300, 0)


def test_a_line_that_moves_as_expected_gives_unused_admissions_on_without_delay():
    # Ten a second, as it was expected all the time: who is admitted has been next for a while.
    policy = Policy()
    history = [Pace(OPENING.timestamp() + 2 * step, 20 * step, 10, 10.0, None) for step in range(40)]
    now = OPENING + timedelta(seconds=78)
    assert asks_by(history, 790, now, policy) - now <= timedelta(seconds=4)


@THOROUGH
@given(wait=st.floats(0.0, 10_000.0), token_id=st.integers(1, 2**40), stretch=st.floats(1.0, 5.0), policy=POLICIES)
def test_an_interval_is_a_tenth_of_the_wait_within_limits(wait, token_id, stretch, policy):
    interval = told(wait, token_id, policy, stretch)
    shortest, longest = policy.poll_at_least.total_seconds(), max(policy.poll_at_least, policy.poll_at_most)
    assert shortest <= interval.seconds <= 1.15 * longest.total_seconds() + 0.5
    assert interval.seconds <= told_at_most(wait, policy)
    if wait <= SOON_SECONDS:
        assert interval.seconds == shortest
        assert (interval.watch == "token") is (wait <= NEXT_SECONDS or stretch > UNDER_LOAD)
    elif stretch == 1.0:
        tenth = min(longest.total_seconds(), max(shortest, wait / 10))
        assert 0.85 * tenth - 0.5 <= interval.seconds <= 1.15 * tenth + 0.5


@THOROUGH
@given(token_id=st.integers(1, 2**40), policy=POLICIES)
def test_the_spread_is_steady_for_a_token(token_id, policy):
    assert len({told(inf, token_id, policy) for _ in range(3)}) == 1


def test_the_spread_differs_between_neighbours_and_covers_its_range():
    seconds = [told(inf, token_id, Policy()).seconds for token_id in range(1, 2001)]
    assert (min(seconds), max(seconds)) == (26, 34)
    assert abs(sum(seconds) / len(seconds) - 30) < 0.2
    assert sum(one != other for one, other in pairwise(seconds)) > 1500


def test_an_entry_of_the_future_is_not_believed_after_the_clock_was_put_back():
    policy = Policy()
    history = [Pace(1000.0, 0, 10, 1.0, None), Pace(2000.0, 5, 10, 2.0, None)]
    kept = remembered(history, Pace(1500.0, 9, 10, 1.0, None), policy)
    assert [entry.at for entry in kept] == sorted(entry.at for entry in kept)
    assert kept[-1].at == 1500.0
