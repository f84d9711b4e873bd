"""A model of an on-sale for simulation: the fans of `frontrow sale`, the line, the seats, and CPU time.

What a request costs is measured (bench/costs.py); what a fan does and when they are told to look is the
contract's. Times are seconds, costs are CPU milliseconds per role.
"""

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heapreplace
from random import Random
from typing import Any

import simpy

from bench.line_model import LineModel, Place
from cli.sale.lanes import LOOKED_AT
from cli.sale.plan import FanPlan, Temper, crowd

RETRY = 1.0
BEAT = 1.0
CHOICES = 8
LISTED = 500
# A wake-up, a batch and its commit: what an outcome takes apart from CPU time.
DELIVERY = 0.02
# Answered before what those outside ask, as the web processes do.
OF_THOSE_INSIDE = frozenset({"dates", "seats", "hold", "points", "charge", "pay"})

Steps = Generator[simpy.Event, Any, Any]
Costs = Mapping[str, Mapping[str, float]]


class Cores:
    """Some cores that serve work first come, first served; knows when a piece of work will be done."""

    def __init__(self, env: simpy.Environment, cores: int) -> None:
        self.env = env
        self.free_at = [0.0] * cores
        heapify(self.free_at)
        self.busy = 0.0

    def work(self, seconds: float, *, first: bool = False) -> simpy.Event:
        """Return the event at which so much work is done, if it joins the queue now.

        What comes `first` waits for nobody, and puts off all that waits: near enough while it is little.
        """
        done = max(self.env.now, self.free_at[0]) + seconds
        heapreplace(self.free_at, done)
        self.busy += seconds
        return self.env.timeout(seconds if first else done - self.env.now)


@dataclass(slots=True)
class Outcome:
    """What the simulation came to; the same figures as a real run's summary."""

    waits: list[float] = field(default_factory=list)
    requests: int = 0
    looks: dict[str, list[float]] = field(default_factory=lambda: {"poll": [], "watch": []})
    notices: list[float] = field(default_factory=list)
    first_sold_after: float | None = None
    sold_after_150: int = 0
    sold: int = 0
    sold_out_after: float | None = None
    over_after: float = 0.0
    endings: Counter[str] = field(default_factory=Counter)
    longest_line: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the sale is like: who comes, how many seats there are, and the service's policies. Seconds.

    With a `poll` all is as before there was pacing: fans poll so often, poll for each outcome, and nobody goes first.
    """

    fans: int = 20_000
    seats: int = 2_000
    arrive_over: float = 30.0
    seed: int = 1
    capacity: int = 100
    think: float = 1.0
    hold: float = 300.0
    poll: float | None = None
    active_token: float = 600.0
    at_most: float = 3600.0


class SaleModel:
    """One sale. `cores` gives roles cores of their own; the roles not named share those of `all`."""

    def __init__(self, terms: Terms, costs: Costs, cores: Mapping[str, int]) -> None:
        self.env = simpy.Environment()
        self.terms = terms
        self.costs = costs
        self.shared = Cores(self.env, cores.get("all", 2))
        self.pools = {role: Cores(self.env, count) for role, count in cores.items() if role != "all"}
        self.free = list(range(terms.seats))
        self.taken: set[int] = set()
        self.line = LineModel(terms.capacity, paced=terms.poll is None)
        self.out = Outcome()
        self.over = self.env.event()

    def run(self) -> Outcome:
        """Simulate until all is sold, everybody is through, or the time is over."""
        plans = crowd(self.terms.fans, self.terms.arrive_over, self.terms.seed, self.terms.think)
        fans = [self.env.process(self._fan(plan)) for plan in plans]
        self.env.process(self._beat())
        everybody = self.env.all_of(fans)
        self.env.run(until=self.env.any_of([self.over, everybody, self.env.timeout(self.terms.at_most)]))
        self.out.over_after = self.env.now
        self.out.longest_line = self.line.longest
        return self.out

    def request(self, step: str) -> simpy.Event:
        """Send one request: its work is done role by role, or at once where roles share their cores."""
        self.out.requests += 1
        first = self.terms.poll is None and step in OF_THOSE_INSIDE
        alone = {role: ms for role, ms in self.costs[step].items() if role in self.pools}
        slowest = [self.pools[role].work(ms / 1000, first=first) for role, ms in alone.items()]
        rest = sum(self.costs[step].values()) - sum(alone.values())
        shared = self.shared.work(rest / 1000, first=first)
        return self.env.all_of([*slowest, shared]) if slowest else shared

    def change(self, step: str, effect: Callable[[], None] = lambda: None) -> Steps:
        """Submit a change and wait for its outcome; the measured cost covers all of it.

        `effect` happens when a worker has carried it out, before the fan knows.
        """
        sent = self.env.now
        yield self.request(step)
        yield self.env.timeout(DELIVERY)
        effect()
        if self.terms.poll is not None:
            self.out.requests += 1
            # The outcome is asked for a second after the answer, then every second.
            overdue = (self.env.now - sent) % RETRY
            yield self.env.timeout(RETRY - overdue)

    def _beat(self) -> Steps:
        while True:
            yield self.env.timeout(BEAT)
            self.line.admit(self.env.now)

    def _fan(self, plan: FanPlan) -> Steps:
        yield self.env.timeout(plan.arrives)
        yield from self.change("join")
        place = self.line.join()
        self.line.tell(place, self.env.now)
        if not (yield from self._wait(plan, place)):
            self.out.endings["left the line"] += 1
            return
        self.out.waits.append(self.env.now - plan.arrives)
        self.out.notices.append(self.env.now - place.admitted_at)
        self.out.endings[(yield from self._visit(plan))] += 1

    def _wait(self, plan: FanPlan, place: Place) -> Steps:
        leaves = plan.arrives + plan.patience if plan.temper is Temper.LEAVES else float("inf")
        wait = place.lookout.pause if self.terms.poll is None else 0.0
        while True:
            left = max(0.0, leaves - self.env.now)
            yield self.env.timeout(min(wait, left))
            if left <= wait:
                place.left = True
                yield from self.change("leave")
                return False
            if (yield from self._look(place)):
                return True
            wait = place.lookout.pause if self.terms.poll is None else self.terms.poll

    def _look(self, place: Place) -> Steps:
        """Look at the document where that is enough, and ask with the token; returns whether it is one's turn."""
        if place.lookout.looks_at_queue(self.env.now):
            yield self._asked("watch")
            if not self.line.show(place):
                return False
        yield self._asked("poll")
        if not place.active:
            self.line.tell(place, self.env.now)
        return place.active

    def _asked(self, lane: str) -> simpy.Event:
        self.out.looks[lane].append(self.env.now)
        return self.request(lane)

    def _visit(self, plan: FanPlan) -> Steps:
        yield self.env.timeout(plan.thinks)
        yield self.request("dates")
        seats = yield from self._hold(plan, Random(plan.seed))
        if not seats:
            yield from self.change("leave", self._goes)
            return "found no seat"
        if plan.temper is Temper.LETS_GO:
            self.env.process(self._lapse(seats))
            return "let the hold run out"
        yield self.env.timeout(plan.thinks)
        yield self.request("points")
        yield from self.change("charge")
        yield from self.change("pay", partial(self._sold, len(seats)))
        return "bought"

    def _hold(self, plan: FanPlan, chance: Random) -> Steps:
        for _ in range(CHOICES):
            yield self.request("seats")
            listed = self.free[:LISTED]
            if not listed:
                return []
            first = chance.randrange(max(1, len(listed) - plan.party + 1))
            wanted = listed[first : first + plan.party]
            taken = self.taken.isdisjoint(wanted)
            if taken:
                self.taken.update(wanted)
                self.free = [seat for seat in self.free if seat not in self.taken]
            yield from self.change("hold")
            if taken:
                return wanted
        return []

    def _lapse(self, seats: list[int]) -> Steps:
        yield self.env.timeout(self.terms.hold)
        self.taken.difference_update(seats)
        self.free = sorted([*self.free, *seats])
        # Whoever lets a hold run out says nothing: their turn lasts as long as any turn may.
        yield self.env.timeout(max(0.0, self.terms.active_token - self.terms.hold))
        self.line.active -= 1

    def _goes(self) -> None:
        self.line.active -= 1

    def _sold(self, seats: int) -> None:
        self._goes()
        self.out.sold += seats
        if self.out.first_sold_after is None:
            self.out.first_sold_after = self.env.now
        if self.env.now <= LOOKED_AT:
            self.out.sold_after_150 = self.out.sold
        if self.out.sold >= self.terms.seats and not self.over.triggered:
            self.out.sold_out_after = self.env.now
            self.over.succeed()
