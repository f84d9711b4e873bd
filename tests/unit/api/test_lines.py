"""What a process remembers of lines, and for how long."""

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from api import lines
from api.lines import Lines, Snapshot
from models.errors import ConcertNotFoundError
from models.line import Line
from models.queue_token import QueueToken

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def line(*head: int, issued: int, serving: int = 0, whole: bool = True) -> Line:
    places = head if whole else (*head, *range(head[-1] + 1, head[-1] + 1001 - len(head)))
    return Line(1, "open", 100, issued, serving, len(places), 100, None, 0.0, places, NOON)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count readings of the database instead of making them."""
    found: list[str] = []

    def load(concert_id: int, now: datetime) -> Line:
        del concert_id, now
        found.append("line")
        return line(1, 2, 3, issued=3)

    def left_since(concert_id: int, since: datetime, *, beyond: int) -> list[int]:
        del concert_id, since, beyond
        return []

    monkeypatch.setattr(lines, "check_clock", lambda: None)
    monkeypatch.setattr(lines, "read_session", nullcontext)
    monkeypatch.setattr(Line, "load", load)
    monkeypatch.setattr(QueueToken, "left_since", left_since)
    return found


def test_a_line_is_read_once_a_tick(reads: list[str]) -> None:
    kept = Lines()
    with freeze_time(NOON) as clock:
        first = kept.of(1)
        clock.tick(timedelta(seconds=0.4))
        assert kept.of(1) is first
        assert len(reads) == 1
        clock.tick(timedelta(seconds=0.2))
        assert kept.of(1) is not first
        assert len(reads) == 2


def test_two_processes_change_over_at_the_same_moment(reads: list[str]) -> None:
    with freeze_time(NOON + timedelta(seconds=0.45)) as clock:
        early, late = Lines(), Lines()
        early.of(1)
        clock.tick(timedelta(seconds=0.1))
        late.of(1)
        assert early.of(1).tick == late.of(1).tick
    assert len(reads) == 3


def test_a_clock_that_is_put_back_does_not_stop_the_line(reads: list[str]) -> None:
    kept = Lines()
    with freeze_time(NOON) as clock:
        first = kept.of(1)
        clock.move_to(NOON - timedelta(minutes=2))
        second = kept.of(1)
        assert second is not first
        assert kept.of(1) is second
    assert len(reads) == 2


def test_who_asks_for_a_line_that_does_not_exist_keeps_nobody_waiting(
    reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, known = Lines(), Line.load
    asked, others_served = threading.Event(), threading.Event()

    def load(concert_id: int, now: datetime) -> Line:
        if concert_id == 1:
            return known(concert_id, now)
        asked.set()
        assert others_served.wait(10)
        message = "There is no such concert."
        raise ConcertNotFoundError(message)

    monkeypatch.setattr(Line, "load", load)

    def ask_in_vain() -> None:
        with pytest.raises(ConcertNotFoundError):
            kept.of(99)

    stranger = threading.Thread(target=ask_in_vain)
    with freeze_time(NOON) as clock:
        kept.of(1)
        stranger.start()
        assert asked.wait(10)
        clock.tick(timedelta(seconds=1))
        kept.of(1)
        others_served.set()
        stranger.join(10)
    assert reads == ["line", "line"]


def test_near_the_head_everybody_who_waits_is_known() -> None:
    snapshot = Snapshot(line(3, 5, 6, issued=6, serving=2), 0, frozenset())
    assert [place for place in range(1, 9) if snapshot.knows_waiting(place)] == [3, 5, 6]


def test_far_back_everybody_waits_but_who_left() -> None:
    snapshot = Snapshot(line(3, 5, issued=5000, serving=2, whole=False), 0, frozenset({4000}))
    assert not snapshot.knows_waiting(4)
    assert snapshot.knows_waiting(3999)
    assert not snapshot.knows_waiting(4000)
    assert snapshot.knows_waiting(5000)
    assert not snapshot.knows_waiting(5001)


def test_places_given_up_are_forgotten_when_they_were_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([(line(1, 2, issued=5), [4, 5]), (line(5, issued=6, serving=4), [6])])
    current: list[Any] = []

    def load(concert_id: int, now: datetime) -> Line:
        del concert_id, now
        current[:] = next(found)
        return current[0]

    def left_since(concert_id: int, since: datetime, *, beyond: int) -> list[int]:
        del concert_id, since, beyond
        return current[1]

    monkeypatch.setattr(lines, "check_clock", lambda: None)
    monkeypatch.setattr(lines, "read_session", nullcontext)
    monkeypatch.setattr(Line, "load", load)
    monkeypatch.setattr(QueueToken, "left_since", left_since)
    kept = Lines()
    with freeze_time(NOON) as clock:
        assert kept.of(1).left == {4, 5}
        clock.tick(timedelta(seconds=1))
        assert kept.of(1).left == {5, 6}
