"""A position costs no counting, is exact at the head, and never grows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import line

FANS = [f"fan-{number}" for number in range(10)]
QUICK = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _statuses(sale, tokens):
    return {user: sale.token(token_id).status for user, token_id in tokens.items()}


def _positions(sale, show, tokens):
    """What a poll of each waiting fan says, through a line read once."""
    now = sale.line(show)
    standings = {user: sale.token(token_id) for user, token_id in tokens.items()}
    return {user: now.position(token.place) for user, token in standings.items() if token.status == "waiting"}


def _leave(sale, tokens, user):
    if _statuses(sale, {user: tokens[user]})[user] in {"waiting", "active"}:
        sale.done("queue_token.leave", user, queue_token_id=tokens[user])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("leave"), st.sampled_from(FANS)),
        st.tuples(st.just("join"), st.sampled_from(["late-1", "late-2", "late-3"])),
        st.tuples(st.just("promote"), st.just("")),
        st.tuples(st.just("later"), st.sampled_from([1, 30, 61])),
    ),
    max_size=14,
)


@QUICK
@given(steps=steps, head=st.sampled_from([1, 2, 3, 1000]), capacity=st.integers(1, 3))
def test_a_position_never_grows_and_is_exact_at_the_head(lasting_sale, steps, head, capacity):
    from freezegun import freeze_time

    sale = lasting_sale
    with pytest.MonkeyPatch.context() as patch, freeze_time("2099-01-01") as time:
        from models import database

        patch.setattr(database, "check_clock", lambda: None)
        patch.setattr(line, "HEAD", head)
        show = sale.show(capacity=capacity)
        tokens = sale.join_all(show, FANS)
        told = _positions(sale, show, tokens)
        for step, what in steps:
            if step == "leave":
                _leave(sale, tokens, what)
            elif step == "join":
                tokens[what] = sale.join(show, what)
            elif step == "promote":
                sale.promote()
            else:
                time.tick(timedelta(seconds=what))
            now = _positions(sale, show, tokens)
            assert all(now[user] <= told.get(user, now[user]) for user in now)
            _assert_exact_at_the_head(sale, show, tokens, now, head)
            told = now


def _assert_exact_at_the_head(sale, show, tokens, positions, head):
    places = sorted((sale.token(tokens[user]).place, user) for user in positions)
    for ahead, (_, user) in enumerate(places[:head]):
        assert positions[user] == ahead + 1
    # Behind the head a position may be too high, for those who left are not counted there, but never too low.
    assert all(positions[user] >= ahead + 1 for ahead, (_, user) in enumerate(places))


@pytest.mark.usefixtures("time")
def test_joining_again_tells_the_position_of_a_poll_also_when_others_behind_have_left(sale):
    show = sale.show()
    tokens = sale.join_all(show, FANS)
    for fan in FANS[5:]:
        _leave(sale, tokens, fan)
    again = sale.done("queue_token.issue", FANS[3], concert_id=show.concert_id)
    assert again["position"] == _positions(sale, show, tokens)[FANS[3]] == 4


@pytest.mark.usefixtures("time")
def test_a_newcomer_is_told_his_exact_position_in_a_short_line(sale):
    show = sale.show(capacity=2)
    tokens = sale.join_all(show, FANS)
    sale.promote()
    _leave(sale, tokens, FANS[4])
    wishes = {
        user: sale.accept("queue_token.issue", user, concert_id=show.concert_id).id for user in ("x", FANS[5], "y")
    }
    sale.drain("queue_token.issue")
    assert [sale.task(id_, user)["result"]["position"] for user, id_ in wishes.items()] == [8, 3, 9]


@pytest.mark.usefixtures("time")
def test_a_poll_reads_only_the_head_of_a_long_line(sale, monkeypatch):
    monkeypatch.setattr(line, "HEAD", 3)
    show = sale.show()
    tokens = sale.join_all(show, FANS)
    found = sale.line(show)
    assert found.head == (1, 2, 3)
    assert (found.contains(2), found.contains(7)) == (True, False)
    assert _positions(sale, show, tokens)[FANS[9]] == 10


@pytest.mark.usefixtures("time")
def test_estimates_follow_the_room_the_limit_and_the_rate_seen(sale, time):
    free = sale.show(capacity=5)
    assert sale.line(free).estimated_wait_seconds(5) == 1
    limited = sale.show(capacity=100, admit_per_second=2)
    assert sale.line(limited).estimated_wait_seconds(20) == 10
    hardly = replace(sale.line(limited), admit_per_second=1e-310)
    assert hardly.estimated_wait_seconds(20) == line.LONGEST_WAIT
    busy = sale.show(capacity=4)
    tokens = sale.join_all(busy, FANS)
    sale.promote()
    before = sale.line(busy).estimated_wait_seconds(6)
    for fan in FANS[:3]:
        _leave(sale, tokens, fan)
    time.tick(timedelta(seconds=1))
    sale.promote()
    assert 1 < sale.line(busy).estimated_wait_seconds(3) < before


@pytest.mark.usefixtures("time")
def test_the_line_shows_what_the_contract_says(sale):
    show = sale.show(capacity=2)
    sale.join_all(show, FANS)
    sale.promote()
    body = sale.line(show).view()
    assert (body["waiting"], body["active"], body["capacity"], body["serving_number"]) == (8, 2, 2, 2)
    assert body["estimated_wait_seconds"] > 0


@pytest.mark.usefixtures("time")
def test_an_unknown_concert_has_no_line(sale):
    from models.errors import ConcertNotFoundError

    show = sale.show()
    with pytest.raises(ConcertNotFoundError):
        sale.line(type(show)(999, 1, []))
