"""A fan's place in line: issued once, kept, used, given up, ended by time."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")


def test_a_newcomer_waits_at_the_end_of_the_line(sale):
    show = sale.show()
    first, second = (sale.done("queue_token.issue", user, concert_id=show.concert_id) for user in "ab")
    assert (first["status"], first["position"], first["place"], first["user_id"]) == ("waiting", 1, 1, "a")
    assert (second["position"], second["admitted_at"]) == (2, None)


def test_joining_again_returns_the_same_live_token(sale):
    show = sale.show()
    first, again = (sale.done("queue_token.issue", "a", concert_id=show.concert_id) for _ in range(2))
    assert first == again
    sale.promote()
    inside = sale.done("queue_token.issue", "a", concert_id=show.concert_id)
    assert (inside["id"], inside["status"], inside["position"]) == (first["id"], "active", None)
    assert sale.one("SELECT count(*) FROM queue_token") == 1


def test_joining_again_in_the_same_batch_returns_the_same_token(sale):
    show = sale.show()
    ids = [sale.accept("queue_token.issue", "a", concert_id=show.concert_id).id for _ in range(3)]
    assert sale.drain("queue_token.issue") == 3
    assert len({sale.task(id_, "a")["result"]["id"] for id_ in ids}) == 1


def test_one_user_may_stand_in_the_lines_of_two_concerts(sale):
    one, other = sale.show(), sale.show()
    assert sale.join(one, "a") != sale.join(other, "a")


def test_an_unknown_concert_and_a_closed_line_refuse_and_their_neighbours_do_not_care(sale):
    from models import clock
    from models.database import write_session
    from models.policy import Policy
    from models.queue import Queue

    show, closed = sale.show(), sale.show()
    waiting = sale.join(closed, "early")
    with write_session():
        Queue.steer(closed.concert_id, now=clock.utcnow(), policy=Policy(), state="closed")
    wishes = {"a": 999, "b": show.concert_id, "c": closed.concert_id, "early": closed.concert_id}
    ids = {
        user: sale.accept("queue_token.issue", user, concert_id=concert_id).id for user, concert_id in wishes.items()
    }
    sale.drain("queue_token.issue")
    tasks = {user: sale.task(id_, user) for user, id_ in ids.items()}
    assert tasks["a"]["problem"]["code"] == "concert_not_found"
    assert tasks["b"]["status"] == "done"
    assert tasks["c"]["problem"]["code"] == "queue_closed"
    assert tasks["early"]["result"]["id"] == waiting


def test_a_token_over_by_time_is_replaced_without_a_sweep(sale, time):
    show = sale.show(capacity=1)
    active, waiting = sale.inside(show, "a"), sale.join(show, "b")
    time.tick(timedelta(hours=24, seconds=1))
    assert sale.join(show, "a") != active
    assert sale.join(show, "b") != waiting
    assert (sale.token(active).status, sale.token(waiting).status) == ("expired", "expired")
    assert sale.line(show).waiting == 2
    assert sale.violations() == {}


def test_leaving_gives_the_place_up_once(sale):
    show = sale.show()
    token_id = sale.join(show, "a")
    assert sale.done("queue_token.leave", "a", queue_token_id=token_id)["status"] == "left"
    assert sale.refused("queue_token.leave", "a", queue_token_id=token_id)["code"] == "token_expired"
    assert sale.line(show).waiting == 0
    assert sale.join(show, "a") != token_id


def test_leaving_frees_the_seats_held_with_the_token(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0, 1)
    sale.done("queue_token.leave", "a", queue_token_id=wish["queue_token_id"])
    assert sale.seat_statuses(show) == ["available"] * 4
    assert sale.one("SELECT status FROM reservation") == "released"
    assert sale.violations() == {}


def test_nobody_gives_up_the_place_of_somebody_else(sale):
    show = sale.show()
    token_id = sale.join(show, "a")
    assert sale.refused("queue_token.leave", "b", queue_token_id=token_id)["code"] == "token_invalid"
    assert sale.refused("queue_token.leave", "b", queue_token_id=999)["code"] == "token_invalid"
    assert sale.token(token_id).status == "waiting"


def test_a_token_over_by_time_cannot_be_given_up(sale, time):
    token_id = sale.join(sale.show(), "a")
    time.tick(timedelta(hours=25))
    assert sale.refused("queue_token.leave", "a", queue_token_id=token_id)["code"] == "token_expired"


def test_the_sweep_ends_tokens_by_time_and_counts_the_line_right(sale, time):
    show = sale.show(capacity=2)
    tokens = sale.join_all(show, ["a", "b", "c"])
    sale.promote()
    time.tick(timedelta(hours=24))
    assert sale.sweep("queue_token.expire_due") == 3
    assert {sale.token(token_id).status for token_id in tokens.values()} == {"expired"}
    assert sale.line(show).waiting == 0
    assert sale.sweep("queue_token.expire_due") == 0
    assert sale.violations() == {}


def test_the_sweep_leaves_to_the_next_one_what_is_too_much(sale, time, monkeypatch):
    from workers import queue_tokens

    monkeypatch.setattr(queue_tokens, "MOST_EXPIRED", 2)
    show = sale.show(capacity=1)
    sale.join_all(show, ["a", "b", "c"])
    sale.sql("ANALYZE queue_token")
    time.tick(timedelta(hours=24))
    assert [sale.sweep("queue_token.expire_due") for _ in range(3)] == [2, 1, 0]


def test_a_held_seat_keeps_the_token_alive_until_the_hold_ends(sale, time):
    show = sale.show()
    token_id = sale.inside(show, "a")
    time.tick(timedelta(minutes=9))
    hold = sale.hold(show, "a", token_id)
    time.tick(timedelta(minutes=4))
    assert sale.sweep("queue_token.expire_due") == 0
    sale.done("points.charge", "a", amount=10_000)
    assert sale.done("payment.pay", "a", queue_token_id=token_id, reservation_id=hold["id"])["status"] == "confirmed"
    assert sale.token(token_id).status == "completed"


def test_holding_and_releasing_again_and_again_ends_with_the_turn(sale, time):
    show = sale.show(seats=8)
    token_id = sale.inside(show, "a")
    ends_at = sale.token(token_id).admitted_at + sale.policy.active_token + sale.policy.hold
    held = sale.hold(show, "a", token_id, 0, 1, 2, 3)
    for seats in ((4, 5, 6, 7), (0, 1, 2, 3), (4, 5, 6, 7)):
        time.tick(timedelta(minutes=4))
        sale.done("reservation.release", "a", reservation_id=held["id"])
        held = sale.hold(show, "a", token_id, *seats)
    # The last one began after twelve minutes, and ends with the turn.
    assert sale.one("SELECT max(expires_at) FROM reservation") == sale.token(token_id).expires_at == ends_at
    time.move_to(ends_at)
    assert sale.refused("reservation.hold", "a", **sale.wish(show, token_id, 0))["code"] == "token_expired"
    assert sale.seats_shown(show) == ["available"] * 8
    assert sale.sweep("queue_token.expire_due") == 1
    assert sale.violations() == {}


def test_a_hold_of_the_active_time_keeps_its_five_minutes(sale, time):
    show = sale.show()
    token_id = sale.inside(show, "a")
    time.tick(timedelta(minutes=9, seconds=59))
    sale.hold(show, "a", token_id)
    held_for = sale.one("SELECT expires_at - held_at FROM reservation")
    assert held_for == sale.policy.hold
    assert sale.token(token_id).expires_at == sale.one("SELECT expires_at FROM reservation")
