"""Lanes: who gets a thread next, who never starves, and what a new connection is recognised by."""

import socket
import threading
from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest

from api import lanes
from api.lanes import FirstComeFirstServed, Lane, Lanes
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def _nobody_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what an application of another test would recognise."""
    monkeypatch.setattr(lanes, "_recognise", None)


def connection(lane: Lane, name: str = "", sent: bytes = b"GET /") -> Any:
    sock = SimpleNamespace(recv=lambda size, flags: sent[:size])
    return SimpleNamespace(lane=lane, name=name or lane.name, sock=sock)


def taken(waiting: Lanes) -> Iterator[Any]:
    """Take connections as a general thread does, and be through with each before the next."""
    while True:
        lane = (one := waiting.get(reserved=False)).lane
        yield one
        waiting.done(lane)


def test_within_a_lane_the_first_to_come_is_the_first_to_go() -> None:
    waiting = Lanes()
    for name in ("first", "second", "third"):
        waiting.put(connection(Lane.OUTSIDE, name))
    assert [one.name for one in islice(taken(waiting), 3)] == ["first", "second", "third"]


def test_the_inside_passes_a_crowd_that_came_before() -> None:
    waiting, queue = Lanes(), FirstComeFirstServed()
    for one in (waiting, queue):
        for _ in range(100):
            one.put(connection(Lane.OUTSIDE))
        one.put(connection(Lane.INSIDE))
    assert next(taken(waiting)).lane is Lane.INSIDE
    assert [one.lane for one in islice(taken(queue), 101)].index(Lane.INSIDE) == 100


@pytest.mark.parametrize("lane", list(Lane)[1:])
def test_under_a_steady_inside_each_lane_comes_at_least_once_in_eight(lane: Lane) -> None:
    waiting = Lanes()
    for _ in range(100):
        waiting.put(connection(Lane.INSIDE))
        waiting.put(connection(lane))
    served = [one.lane for one in islice(taken(waiting), 80)]
    assert served.count(lane) >= 10
    assert served.count(Lane.INSIDE) >= 40


def test_with_somebody_in_every_lane_each_comes_first_once_in_eight() -> None:
    waiting = Lanes()
    for _ in range(16):
        for lane in Lane:
            waiting.put(connection(lane))
    served = [one.lane for one in islice(taken(waiting), 16)]
    assert set(served[:8]) == set(served[8:]) == set(Lane)


def test_joins_have_more_turns_than_polls_and_polls_do_not_starve() -> None:
    waiting = Lanes()
    for _ in range(200):
        waiting.put(connection(Lane.JOIN))
        waiting.put(connection(Lane.OUTSIDE))
    served = [one.lane for one in islice(taken(waiting), 160)]
    assert served.count(Lane.JOIN) > served.count(Lane.OUTSIDE) >= 40


def test_reserved_threads_serve_the_inside_alone_when_no_other_is_free() -> None:
    waiting, served = Lanes(), list[Any]()

    def serve() -> None:
        while (one := waiting.get(reserved=True)) is not None:
            served.append(one)

    thread = threading.Thread(target=serve)
    thread.start()
    # Nobody else takes anything: as with general threads that are all busy.
    waiting.put(connection(Lane.OUTSIDE))
    waiting.put(connection(Lane.INSIDE))
    wait_for(lambda: served)
    waiting.close(general=0, reserved=1)
    thread.join(10)
    assert [one.lane for one in served] == [Lane.INSIDE]
    assert next(taken(waiting)).lane is Lane.OUTSIDE


def test_a_thread_whose_connection_another_one_took_waits_for_the_next() -> None:
    waiting = Lanes()
    waiting.put(connection(Lane.INSIDE, "taken by a reserved thread"))
    assert waiting.get(reserved=True).name == "taken by a reserved thread"
    waiting.put(connection(Lane.OUTSIDE, "next"))
    assert next(taken(waiting)).name == "next"


def test_a_general_thread_that_is_free_takes_the_inside_and_wakes_no_reserved_one() -> None:
    waiting, served = Lanes(), list[Any]()
    thread = threading.Thread(target=lambda: served.append(waiting.get(reserved=False)))
    thread.start()
    wait_for(lambda: len(waiting._idle) == 1)
    waiting.put(connection(Lane.INSIDE))
    thread.join(10)
    assert [one.lane for one in served] == [Lane.INSIDE]
    assert waiting._inside_tokens.empty()


def test_a_reserved_thread_whose_connection_a_general_one_took_waits_for_the_next() -> None:
    waiting = Lanes()
    waiting.put(connection(Lane.INSIDE, "taken by a general thread"))
    assert waiting.get(reserved=False).name == "taken by a general thread"
    waiting.put(connection(Lane.INSIDE, "next"))
    assert waiting.get(reserved=True).name == "next"


def test_a_reserved_thread_ends_after_the_inside_that_waits_for_it() -> None:
    waiting = Lanes()
    waiting.put(connection(Lane.INSIDE))
    waiting.close(general=0, reserved=1)
    assert waiting.get(reserved=True).lane is Lane.INSIDE
    assert waiting.get(reserved=True) is None


def test_threads_end_after_the_outside_that_was_passed_over() -> None:
    waiting = Lanes()
    for number in range(lanes.MOST_OUTSIDE + 2):
        waiting.put(connection(Lane.OUTSIDE, str(number)))
    busy = [waiting.get(reserved=False) for _ in range(lanes.MOST_OUTSIDE)]
    # Another thread passes the other two over, and would wait for more.
    waiting.put(connection(Lane.JOIN))
    assert waiting.get(reserved=False).lane is Lane.JOIN
    waiting.close(general=lanes.MOST_OUTSIDE + 1, reserved=0)
    served = [one.name for one in iter(lambda: waiting.get(reserved=False), None)]
    assert (len(busy), served) == (lanes.MOST_OUTSIDE, ["2", "3"])


def test_threads_end_after_what_waits_for_them() -> None:
    waiting = Lanes()
    waiting.put(connection(Lane.OUTSIDE))
    waiting.close(general=1, reserved=1)
    assert waiting.get(reserved=False).lane is Lane.OUTSIDE
    assert (waiting.get(reserved=False), waiting.get(reserved=True)) == (None, None)


def test_many_threads_serve_everybody_once() -> None:
    waiting, served = Lanes(), list[Any]()

    def serve(*, reserved: bool) -> None:
        while (one := waiting.get(reserved=reserved)) is not None:
            served.append(one)
            waiting.done(one.lane)

    threads = [threading.Thread(target=serve, kwargs={"reserved": number < 2}) for number in range(8)]
    for thread in threads:
        thread.start()
    sent = [connection(lane) for lane in Lane for _ in range(500)]
    for one in sent:
        waiting.put(one)
    wait_for(lambda: len(served) >= len(sent))
    waiting.close(general=6, reserved=2)
    for thread in threads:
        thread.join(10)
    assert sorted(map(id, served)) == sorted(map(id, sent))


def test_no_more_of_the_outside_are_served_at_a_time_than_may_be() -> None:
    waiting = Lanes()
    for _ in range(lanes.MOST_OUTSIDE + 1):
        waiting.put(connection(Lane.OUTSIDE))
    served = [waiting.get(reserved=False) for _ in range(lanes.MOST_OUTSIDE)]
    # The last one is passed over, and whoever comes from another lane is not.
    waiting.put(connection(Lane.JOIN))
    assert waiting.get(reserved=False).lane is Lane.JOIN
    waiting.done(Lane.JOIN)
    waiting.done(served[0].lane)
    assert waiting.get(reserved=False).lane is Lane.OUTSIDE


def test_a_task_says_where_its_owner_belongs() -> None:
    for operation, queued, lane in (
        ("reservation.hold", True, Lane.INSIDE),
        ("payment.pay", False, Lane.INSIDE),
        ("queue_token.issue", True, Lane.JOIN),
        ("queue_token.issue", False, Lane.OUTSIDE),
        ("queue_token.leave", True, Lane.OUTSIDE),
    ):
        lanes.begin_request(Lane.NEW)
        lanes.note_task(operation, queued=queued)
        assert lanes.end_request() is lane


@pytest.fixture
def recognised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Recognise one token as somebody next; returns which tokens were asked about."""
    asked: list[str] = []

    def recognise(token: str) -> Lane | None:
        asked.append(token)
        return Lane.NEXT if token == "qt_genuine" else None

    monkeypatch.setattr(lanes, "_recognise", recognise)
    return asked


@pytest.mark.parametrize(
    ("sent", "lane"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer qt_genuine\r\n\r\n", Lane.NEXT),
        (b"GET / HTTP/1.1\r\nauthorization:bearer qt_genuine\r\nHost: x\r\n\r\n", Lane.NEXT),
        (b"GET / HTTP/1.1\r\nHost: x\r\nAUTHORIZATION:  BEARER qt_genuine\r\n\r\n", Lane.NEXT),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 1500 + b"\r\nAuthorization: Bearer qt_genuine\r\n\r\n", Lane.NEXT),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 2100 + b"\r\nAuthorization: Bearer qt_genuine\r\n\r\n", Lane.NEW),
        (b"GET /?Authorization:Bearer+qt_genuine HTTP/1.1\r\nHost: x\r\n\r\n", Lane.NEW),
        (b"GET / HTTP/1.1\r\nX-Authorization: Bearer qt_genuine\r\n\r\n", Lane.NEW),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Lane.NEW),
        (b"GET / HTTP/1.1\r\nAuthorization: Bearer qt_forged\r\n\r\n", Lane.NEW),
        (b"GET / HTTP/1.1\r\nAuthorization: Bearer eyJhbGciOi.x.y\r\n\r\n", Lane.NEW),
        (b"GET / HTTP/1.1\r\nAuthorization: Bearer qt_genu", Lane.NEW),
        (b"", Lane.NEW),
    ],
)
def test_a_new_connection_is_recognised_by_a_genuine_token(recognised: list[str], sent: bytes, lane: Lane) -> None:
    client, server = socket.socketpair()
    with client, server:
        client.sendall(sent)
        assert lanes.lane_of_new(server) is lane
        server.setblocking(False)
        # It was looked at, not taken.
        assert sent == b"" or server.recv(4096) == sent


def test_a_connection_that_was_closed_meanwhile_is_new(recognised: list[str]) -> None:
    client, server = socket.socketpair()
    client.close()
    server.close()
    assert (lanes.lane_of_new(server), recognised) == (Lane.NEW, [])


def test_where_there_is_no_application_nobody_is_recognised() -> None:
    client, server = socket.socketpair()
    with client, server:
        client.sendall(b"GET / HTTP/1.1\r\nAuthorization: Bearer qt_genuine\r\n\r\n")
        assert lanes.lane_of_new(server) is Lane.NEW


def test_without_a_backlog_nobody_is_looked_at(recognised: list[str]) -> None:
    client, server = socket.socketpair()
    with client, server:
        client.sendall(b"GET / HTTP/1.1\r\nAuthorization: Bearer qt_genuine\r\n\r\n")
        waiting = Lanes()
        newcomer = SimpleNamespace(lane=Lane.NEW, sock=server)
        waiting.put(newcomer)
        assert (newcomer.lane, recognised) == (Lane.NEW, [])
        waiting.put(connection(Lane.OUTSIDE))
        waiting.put(other := SimpleNamespace(lane=Lane.NEW, sock=server))
        assert (other.lane, recognised) == (Lane.NEXT, ["qt_genuine"])


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize("lane", list(Lane)[1:])
def test_whoever_of_the_inside_is_passed_over_is_served_by_an_idle_reserved_thread(turn: int, lane: Lane) -> None:
    waiting = Lanes()
    for _ in range(turn):
        waiting.put(connection(Lane.INSIDE))
        waiting.done(waiting.get(reserved=False).lane)
    taken_by: dict[str, list[Lane]] = {"general": [], "reserved": []}
    begins = threading.Event()

    def serve_one() -> None:
        taken_by["general"].append(waiting.get(reserved=False).lane)
        # As busy as a thread can be.
        begins.wait(10)

    def serve_inside() -> None:
        while (one := waiting.get(reserved=True)) is not None:
            taken_by["reserved"].append(one.lane)

    threads = [threading.Thread(target=serve_one), threading.Thread(target=serve_inside)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(waiting._idle) == 1)  # No other sign that a thread waits.
    # Both come before the idle thread has woken up.
    waiting._lanes[lane].append(connection(lane))
    waiting.put(connection(Lane.INSIDE))
    try:
        wait_for(lambda: Lane.INSIDE in taken_by["general"] + taken_by["reserved"])
    finally:
        begins.set()
        waiting.close(general=0, reserved=1)
        for thread in threads:
            thread.join()


def test_a_change_on_a_connection_of_the_outside_is_not_held_up_by_polls() -> None:
    waiting = Lanes()
    polls = [connection(Lane.OUTSIDE) for _ in range(lanes.MOST_OUTSIDE + 1)]
    change = connection(Lane.OUTSIDE, "change", b"POST /v1/queue-tokens")
    for one in (*polls, change):
        waiting.put(one)
    # As many threads as polls take one each; none is through yet.
    served = [waiting.get(reserved=False) for _ in polls]
    assert change in served
    assert change.lane is Lane.NEW
    assert served.count(change) == 1
