"""Whole sales in virtual time, against a service that admits so many fans a second."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from cli.sale import crowd, lanes
from cli.sale.closing import Closing
from cli.sale.connections import Way
from cli.sale.plan import FanPlan, Temper
from cli.sale.record import Ending, Record
from cli.sale.wire import Answer
from tests.fixtures.virtual_time import now, run

T0 = "2026-11-23T19:00:00.000Z"


@dataclass
class Line:
    """A service with `capacity` for everybody, which serves one more place every `step` seconds."""

    step: float = 1.0
    pause: float = 2.0
    watch: str = "queue"
    state: str = "open"
    places: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, float]] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    busy_for: int = 0
    sold: int = 0

    def serving(self) -> int:
        return int(now() / self.step)

    def token(self, place: int) -> dict[str, Any]:
        active = place <= self.serving()
        return {
            "status": "active" if active else "waiting",
            "admitted_at": T0 if active else None,
            "position": None if active else place - self.serving(),
            "place": place,
            "watch": self.watch,
            "poll_after_seconds": self.pause,
        }


class Fake:
    """A way to the line; each one that somebody has of their own is counted."""

    base, authority = "", "test"

    def __init__(self, line: Line, name: str = "shared") -> None:
        self.line = line
        self.name = name

    def own(self) -> Way:
        self.line.owners["opened"] += 1
        return Fake(self.line, "own")

    def close(self) -> None:
        self.line.owners["closed"] += 1

    async def exchange(self, request: bytes) -> Answer:
        await asyncio.sleep(0.001)
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
        what = f"{method} {path.partition('?')[0]}"
        self.line.asked.append((what, now()))
        self.line.owners[f"{self.name} {what}"] += 1
        if what == "POST /v1/payments" and self.line.busy_for:
            self.line.busy_for -= 1
            return reply(503, {"code": "busy"}, Retry_After="1")
        return self.answer(what, headers, json.loads(body) if body else {})

    def answer(self, what: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
        line = self.line
        bearer = headers.get("Authorization", "").removeprefix("Bearer ")
        if what == "GET /v1/queues/7":
            etag = f'"{line.serving()}-{line.state}"'
            if headers.get("If-None-Match") == etag:
                return reply(304, ETag=etag)
            return reply(200, {"serving_number": line.serving(), "state": line.state}, ETag=etag)
        if what == "GET /v1/queue-tokens/current":
            return reply(200, line.token(line.places[bearer]))
        if what == "POST /v1/queue-tokens":
            place = line.places.setdefault(bearer, len(line.places) + 1)
            return done({"token": bearer, **line.token(place)})
        return {
            "GET /v1/concerts/7/dates": lambda: reply(200, {"items": [{"performance_id": 1}]}),
            "GET /v1/performances/1/seats": lambda: reply(200, {"items": [{"id": n} for n in range(20)]}),
            "POST /v1/reservations": lambda: done({"id": 1, "amount": 5, "seats": body.get("seat_ids", [])}),
            "GET /v1/points": lambda: reply(200, {"balance": 0}),
            "POST /v1/points/charges": lambda: done({}),
            "POST /v1/payments": self.pay,
            "DELETE /v1/queue-tokens/current": lambda: done({}),
            "GET /v1/operator/concerts/7/stats": lambda: reply(
                200, {"waiting": 0, "active": 0, "seats_held": 0, "seats_sold": line.sold}
            ),
        }[what]()

    def pay(self) -> Answer:
        self.line.sold += 1
        return done({})


def reply(status: int, body: Any = None, **headers: str) -> Answer:
    lines = "".join(f"\r\n{name.replace('_', '-')}: {value}" for name, value in headers.items())
    return Answer(status, f"HTTP/1.1 {status} X{lines}".encode(), json.dumps(body).encode())


def done(result: Any) -> Answer:
    return reply(200, {"status": "done", "submitted_at": T0, "result": result, "problem": None})


def fans(count: int, temper: Temper = Temper.BUYS, patience: float = 10.0) -> list[FanPlan]:
    return [FanPlan(number, 0.0, temper, patience, 0.5, 1, number) for number in range(1, count + 1)]


def sale(line: Line, plans: list[FanPlan], at_most: float = 1000.0, **manners: bool) -> Record:
    async def scenario() -> Record:
        record = Record(len(plans), seats=10_000, clock=asyncio.get_running_loop().time)
        opened = crowd.Sale(7, "operator", lambda user: user, at_most)
        await crowd.run(opened, plans, Fake(line), record, crowd.Manners(**manners))
        return record

    return run(scenario())


def test_everybody_buys_in_time_and_looks_at_the_document_far_oftener_than_they_ask() -> None:
    line = Line()
    record = sale(line, fans(100))
    assert record.endings == {Ending.BOUGHT: 100}
    assert record.faults == {}
    polls, watches = (sum(record.by_second[lane].values()) for lane in ("poll", "watch"))
    # Halving the distance takes seven questions from place 100 on, and one more tells that it is one's turn.
    assert polls <= 100 * 9
    assert watches > 2 * polls
    assert record.looks == polls + watches
    assert max(wait for _, wait in record.waits) <= 100 + 3
    assert record.latencies.keys() >= {"watch", "poll", "hold", "pay"}


def test_the_first_look_comes_after_the_told_interval_and_the_token_is_asked_for_every_three_minutes() -> None:
    line = Line(step=100.0, pause=30.0)
    sale(line, fans(9)[8:], at_most=400)
    looks = [(what, at) for what, at in line.asked if what in ("GET /v1/queues/7", "GET /v1/queue-tokens/current")]
    assert looks[0][0] == "GET /v1/queues/7"
    assert looks[0][1] >= 30
    asked = [at for what, at in looks if what.endswith("current")]
    # Place 1 is served after 100 s; nothing is left to halve before that.
    assert asked
    assert asked[0] >= 100


def test_nobody_is_forgotten_where_nothing_moves() -> None:
    line = Line(step=1e9, pause=25.0)
    sale(line, fans(1), at_most=400)
    asked = [at for what, at in line.asked if what.endswith("current")]
    assert len(asked) == 2
    assert 180 <= asked[0] <= 205


def test_a_service_without_a_document_to_look_at_is_polled() -> None:
    line = Line(watch="token")
    record = sale(line, fans(10))
    assert record.endings == {Ending.BOUGHT: 10}
    assert "watch" not in record.by_second


def test_those_inside_have_a_connection_of_their_own_until_they_go() -> None:
    line = Line()
    sale(line, fans(5))
    assert line.owners["own POST /v1/reservations"] == line.owners["own POST /v1/payments"] == 5
    assert line.owners["shared POST /v1/queue-tokens"] == 5
    assert line.owners["shared POST /v1/reservations"] == 0
    # Five fans and the operator who looks on.
    assert line.owners["opened"] == line.owners["closed"] == 6


def test_a_fan_who_is_told_busy_buys_all_the_same() -> None:
    line = Line(busy_for=30)
    record = sale(line, fans(1))
    assert record.endings == {Ending.BOUGHT: 1}
    assert record.busy == {"pay": 30}
    assert record.faults == {}
    assert record.outcomes["pay"][0].submitted > 30


def test_whoever_leaves_the_line_does_so_when_their_patience_ends() -> None:
    line = Line(step=1e9, pause=30.0)
    record = sale(line, fans(1, Temper.LEAVES, patience=10.0))
    assert record.endings == {Ending.LEFT: 1}
    assert [at for what, at in line.asked if what.startswith("DELETE")] == [pytest.approx(10, abs=0.1)]


def test_the_floor_polls_at_once_and_every_five_seconds() -> None:
    line = Line(pause=2.0, step=13.0)
    record = sale(line, fans(1), paced=False, waits=False)
    polls = [at for what, at in line.asked if what.endswith("current")]
    assert polls == [pytest.approx(at, abs=0.1) for at in (0, 5, 10, 15)]
    assert record.endings == {Ending.BOUGHT: 1}


def test_all_who_wait_go_home_when_the_sale_is_over() -> None:
    record = sale(Line(step=1e9, pause=30.0), fans(50), at_most=40)
    assert record.endings == {Ending.WENT_HOME: 50}
    assert record.over_at is not None
    assert record.over_at < 43
    assert lanes.per_second_after_arrival(record, ["watch"]) == pytest.approx(50 / 40, rel=0.2)


def test_a_wait_ends_with_the_sale_and_leaves_nothing_behind() -> None:
    async def scenario() -> float:
        over = Closing()
        waiting = [asyncio.create_task(over.sleep(1000)) for _ in range(3)]
        await over.sleep(5)
        over.set()
        await asyncio.gather(*waiting)
        await over.sleep(1000)
        assert over._sleepers == set()
        return now()

    assert run(scenario()) == pytest.approx(5)
