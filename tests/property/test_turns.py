"""A fan who asks as they were told never loses a turn, through raised capacities, pauses and jumps of the clock."""

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from random import Random
from typing import Any

import pytest
from freezegun import freeze_time

FANS = 60
STEPS = 60
# What a fan's network adds to the interval they were told, in seconds.
LATE = 2.0
# As far as the database's clock may jump in all without costing a turn: an unused admission is kept for a minute.
MOST_JUMPED = 25.0


@dataclass
class Fan:
    """A fan by their token; `asks_at` is by a clock that nobody moves."""

    token_id: int
    asks_at: float = 0.0
    came: bool = False


@dataclass
class Evening:
    """One line and its fans."""

    sale: Any
    show: Any
    time: Any
    chance: Random
    fans: list[Fan]
    passed: float = 0.0
    jumped: float = 0.0
    earlier: list[Any] = field(default_factory=list)

    def later(self, seconds: float) -> None:
        """Let real time pass; the sweeps run all the while."""
        for _ in range(ceil(seconds)):
            self.passed += seconds / ceil(seconds)
            self.time.tick(timedelta(seconds=seconds / ceil(seconds)))
            self.sale.promote()
            self.sale.sweep("queue_token.expire_due")
            self.earlier = [self.sale.line(self.show), *self.earlier[:1]]
            for fan in self.fans:
                if fan.asks_at <= self.passed and not fan.came:
                    self.ask(fan)

    def ask(self, fan: Fan) -> None:
        """Ask with a token: a fan who was admitted meanwhile must still be."""
        from models import clock
        from models.database import write_session
        from models.queue_token import QueueToken

        standing = self.sale.token(fan.token_id)
        assert standing.status != "expired", (fan, self.passed, self.jumped)
        if standing.status == "active":
            fan.came = True
            with write_session():
                QueueToken.mark_used(fan.token_id, clock.utcnow())
            return
        line = self.chance.choice(self.earlier)
        stretch = self.chance.choice([1.0, 3.0])
        view = standing.view(line, self.sale.policy, stretch)
        fan.asks_at = self.passed + view["poll_after_seconds"] + self.chance.uniform(0, LATE)

    def jump(self, seconds: float) -> None:
        """Set the clock, as a server does that was paused or corrected."""
        seconds = max(-MOST_JUMPED - self.jumped, min(MOST_JUMPED - self.jumped, seconds))
        self.jumped += seconds
        self.time.tick(timedelta(seconds=seconds))

    def steer(self, **settings: Any) -> None:
        """Let the operator change the line."""
        from models import clock
        from models.database import write_session
        from models.queue import Queue

        with write_session():
            Queue.steer(self.show.concert_id, now=clock.utcnow(), policy=self.sale.policy, **settings)

    def step(self) -> None:
        """Let something happen."""
        what = self.chance.random()
        if what < 0.15:
            self.steer(capacity=self.chance.choice([1, 2, 10, 40]))
        elif what < 0.3:
            self.steer(state=self.chance.choice(["open", "closed", "paused"]))
        elif what < 0.4:
            self.jump(self.chance.choice([-20.0, -5.0, 5.0, 20.0]))
        elif what < 0.5:
            self.steer(admit_per_second=self.chance.choice([None, 0.1, 1.0]))
        self.later(self.chance.choice([1.0, 1.0, 2.0, 10.0]))


@pytest.mark.parametrize("seed", range(4))
def test_who_asks_as_told_never_loses_a_turn(lasting_sale, seed, monkeypatch):
    from models import database

    monkeypatch.setattr(database, "check_clock", lambda: None)
    with freeze_time(f"2099-01-0{seed + 1} 12:00") as time:
        show = lasting_sale.show(capacity=1)
        tokens = lasting_sale.join_all(show, [f"turn-{seed}-{number}" for number in range(FANS)])
        fans = [Fan(token_id) for token_id in tokens.values()]
        evening = Evening(lasting_sale, show, time, Random(seed), fans)
        for _ in range(STEPS):
            evening.step()
        evening.steer(state="open", capacity=FANS, admit_per_second=None)
        evening.later(40.0)
        assert all(fan.came for fan in fans)


def test_counted_from_the_admission_the_same_evening_costs_turns(lasting_sale, monkeypatch):
    from models import database, queue

    monkeypatch.setattr(database, "check_clock", lambda: None)
    monkeypatch.setattr(queue, "asks_by", lambda _history, _place, now, _policy: now)
    with freeze_time("2099-02-01 12:00") as time:
        show = lasting_sale.show(capacity=1)
        tokens = lasting_sale.join_all(show, [f"late-{number}" for number in range(FANS)])
        evening = Evening(lasting_sale, show, time, Random(1), [Fan(token_id) for token_id in tokens.values()])
        evening.later(61.0)
        evening.fans[-1].asks_at = evening.passed + 34.0 + LATE
        evening.steer(capacity=FANS)
        evening.later(1.0)
        evening.jump(MOST_JUMPED)
        with pytest.raises(AssertionError, match="expired"):
            evening.later(40.0)
