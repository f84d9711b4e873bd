from typing import Any

import pytest

from cli.sale.waiting import ASK_AT_LEAST, LONGEST_WAIT, POLL, SHORTEST, Lookout


def token(place: int = 1000, **more: Any) -> dict[str, Any]:
    return {"status": "waiting", "place": place, "watch": "queue", "poll_after_seconds": 20, **more}


def queue(serving: int, state: str = "open") -> dict[str, Any]:
    return {"state": state, "serving_number": serving}


def far_back() -> Lookout:
    lookout = Lookout()
    lookout.told(token(position=1000), now=0)
    return lookout


def test_the_interval_is_as_told() -> None:
    lookout = far_back()
    assert (lookout.pause, lookout.looks_at_queue(20)) == (20, True)
    lookout.told(token(watch="token", poll_after_seconds=2.3), now=20)
    assert (lookout.pause, lookout.looks_at_queue(22)) == (2.3, False)
    lookout.told(token(poll_after_seconds=None), now=20, otherwise=7)
    assert lookout.pause == 7
    lookout.told(token(poll_after_seconds=1e6), now=20)
    assert lookout.pause == LONGEST_WAIT


def test_the_token_is_not_asked_for_while_little_has_changed() -> None:
    lookout = far_back()
    assert [lookout.saw(queue(serving)) for serving in (0, 100, 499)] == [False, False, False]
    assert not lookout.saw(None)


def line(serving: int, waiting: int = 2000, estimate: int | None = 200, **more: Any) -> dict[str, Any]:
    return {**queue(serving), "waiting": waiting, "estimated_wait_seconds": estimate, **more}


def test_the_interval_follows_the_estimate_of_the_document() -> None:
    lookout = far_back()
    # A thousand of two thousand places are half of a newcomer's wait; nobody looks less often than they were told.
    looks = [(lookout.saw(line(0, estimate=estimate)), lookout.pause) for estimate in (200, 1000)]
    assert looks == [(False, 10.0), (False, 20.0)]


def test_the_token_is_asked_for_when_the_turn_comes_soon_and_again_when_it_is_next() -> None:
    lookout = far_back()
    assert [lookout.saw(line(serving, stretch=2.0)) for serving in (790, 810)] == [False, True]
    lookout.told(token(poll_after_seconds=2), now=60)
    assert [lookout.saw(line(serving)) for serving in (810, 940, 960)] == [False, False, True]
    assert lookout.pause == SHORTEST


@pytest.mark.parametrize(("serving", "stretch", "asks"), [(799, 2.0, False), (800, 2.0, True), (800, 1.0, False)])
def test_only_under_load_the_token_is_asked_for_from_twenty_seconds_on(
    *, serving: int, stretch: float, asks: bool
) -> None:
    # With an estimate of 200 s for two thousand, ten places are a second.
    assert far_back().saw(line(serving, stretch=stretch)) is asks


@pytest.mark.parametrize(("serving", "asks"), [(949, False), (950, True)])
def test_in_any_case_the_token_is_asked_for_from_five_seconds_on(*, serving: int, asks: bool) -> None:
    assert far_back().saw(line(serving)) is asks


@pytest.mark.parametrize("waiting", [0, 10])
def test_a_document_that_counts_fewer_than_are_ahead_makes_nobody_wait_longer_than_a_newcomer(waiting: int) -> None:
    lookout = far_back()
    assert not lookout.saw(line(0, waiting=waiting, estimate=100))
    assert lookout.pause == 10.0


def test_a_document_that_has_not_changed_leaves_the_interval_as_it_was() -> None:
    lookout = far_back()
    lookout.saw(line(0, estimate=100))
    assert (lookout.saw(None), lookout.pause) == (False, 5.0)


def test_under_load_looks_are_put_off_but_for_those_who_come_soon() -> None:
    lookout = far_back()
    lookout.saw(line(0, estimate=100, stretch=3.0))
    assert lookout.pause == 15.0
    # However heavy the load, never longer than was told: a turn is kept for so long.
    lookout.saw(line(0, stretch=3.0))
    assert lookout.pause == 20.0
    lookout.told(token(poll_after_seconds=2), now=60)
    lookout.saw(line(900, stretch=3.0))
    assert lookout.pause == SHORTEST


def test_without_an_estimate_looks_go_on_as_told() -> None:
    lookout = far_back()
    assert not lookout.saw(line(0, estimate=None))
    assert lookout.pause == 20


def test_who_is_told_to_look_at_their_token_is_next() -> None:
    lookout = far_back()
    assert not lookout.is_next
    lookout.told(token(watch="token"), now=1)
    assert lookout.is_next


def test_the_token_is_asked_for_when_its_place_is_served_even_when_the_document_stays_the_same() -> None:
    lookout = far_back()
    assert [lookout.saw(queue(serving)) for serving in (999, 1000, 1200)] == [False, True, True]
    assert lookout.saw(None)


def test_the_token_is_asked_for_when_the_state_is_another_one_once() -> None:
    lookout = far_back()
    states = [lookout.saw(queue(10, state)) for state in ("open", "paused", "paused", "open")]
    assert states == [False, True, False, True]


def test_the_token_is_asked_for_at_least_every_three_minutes() -> None:
    lookout = far_back()
    assert lookout.looks_at_queue(ASK_AT_LEAST - 1)
    assert not lookout.looks_at_queue(ASK_AT_LEAST)
    lookout.told(token(), now=ASK_AT_LEAST)
    assert lookout.looks_at_queue(ASK_AT_LEAST + 20)


@pytest.mark.parametrize("missing", ["place", "watch"])
def test_a_service_that_tells_less_is_asked_with_the_token(missing: str) -> None:
    told = token()
    del told[missing]
    lookout = Lookout()
    lookout.told(told, now=0)
    assert not lookout.looks_at_queue(1)


def test_a_document_that_tells_less_says_nothing_so_the_token_is_asked_for() -> None:
    assert far_back().saw({"state": "open"})


def test_a_floor_polls_every_five_seconds_whatever_it_is_told() -> None:
    lookout = Lookout(paced=False)
    lookout.told(token(), now=0)
    assert (lookout.pause, lookout.looks_at_queue(1)) == (POLL, False)
