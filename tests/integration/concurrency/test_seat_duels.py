"""Two works on the same seat, token or line: each race shown without its guards, then with them."""

import pytest


@pytest.fixture
def sale(sale_to_spoil):
    return sale_to_spoil


def _codes(*tasks):
    return [(task["problem"] or {}).get("code", task["status"]) for task in tasks]


def _hold_one_seat_twice(sale, duel):
    from models import reservation

    show = sale.show()
    wishes = {user: sale.wish(show, sale.inside(show, user), 0, 1) for user in "ab"}
    duel.pause_after(reservation, "check_limits")
    return duel.fight(*[lambda user=user: sale.do("reservation.hold", user, **wishes[user]) for user in "ab"])


def test_control_hold_and_hold_without_guards_gives_a_seat_to_both(sale, duel, guards):
    guards.drop_locks()
    guards.drop_index("one_live_reservation_per_seat")
    assert _codes(*_hold_one_seat_twice(sale, duel)) == ["done", "done"]
    assert "at most one live reservation or sale per seat" in sale.violations()


def test_hold_and_hold_with_the_unique_index_alone_gives_it_to_one(sale, duel, guards):
    guards.drop_locks()
    tasks = _hold_one_seat_twice(sale, duel)
    assert sorted(_codes(*tasks)) == ["done", "seat_taken"]
    assert sale.violations() == {}


def test_hold_and_hold_gives_a_seat_to_one(sale, duel):
    assert _codes(*_hold_one_seat_twice(sale, duel)) == ["done", "seat_taken"]
    assert sale.violations() == {}


def _pass_the_limit(sale, duel):
    from models import reservation

    show = sale.show(seats=6)
    token_id = sale.inside(show, "a")
    duel.pause_after(reservation, "check_limits")
    seats = (0, 1, 2), (3, 4, 5)
    return duel.fight(*[lambda s=s: sale.do("reservation.hold", "a", **sale.wish(show, token_id, *s)) for s in seats])


def test_control_two_holds_without_guards_pass_the_seat_limit_together(sale, duel, guards):
    guards.drop_locks()
    assert _codes(*_pass_the_limit(sale, duel)) == ["done", "done"]
    assert sale.one("SELECT sum(seat_count) FROM reservation WHERE status = 'held'") == 6


def test_two_holds_do_not_pass_the_seat_limit_together(sale, duel):
    assert _codes(*_pass_the_limit(sale, duel)) == ["done", "seat_limit_exceeded"]
    assert sale.one("SELECT sum(seat_count) FROM reservation WHERE status = 'held'") == 3


def test_two_holds_of_one_batch_do_not_pass_the_seat_limit_together(sale):
    show = sale.show(seats=6)
    token_id = sale.inside(show, "a")
    ids = [sale.accept("reservation.hold", "a", **sale.wish(show, token_id, *s)).id for s in ((0, 1, 2), (3, 4))]
    sale.drain("reservation.hold")
    assert _codes(*[sale.task(id_, "a") for id_ in ids]) == ["done", "seat_limit_exceeded"]


def _hold_and_leave(sale, duel):
    from models import reservation

    show = sale.show()
    token_id = sale.inside(show, "a")
    duel.pause_after(reservation, "check_limits")
    return duel.fight(
        lambda: sale.do("reservation.hold", "a", **sale.wish(show, token_id, 0)),
        lambda: sale.do("queue_token.leave", "a", queue_token_id=token_id),
    )


def test_control_hold_and_leave_without_guards_leaves_a_seat_held_by_nobody(sale, duel, guards):
    guards.drop_locks()
    assert _codes(*_hold_and_leave(sale, duel)) == ["done", "done"]
    assert sale.one("SELECT status FROM reservation") == "held"
    assert sale.one("SELECT status FROM queue_token") == "left"


def test_whoever_leaves_while_he_holds_gives_the_seat_back(sale, duel):
    assert _codes(*_hold_and_leave(sale, duel)) == ["done", "done"]
    assert sale.one("SELECT status FROM reservation") == "released"
    assert sale.violations() == {}


def _take_over_twice(sale, duel):
    from models import reservation

    show = sale.show()
    sale.held(show, "late", 0, 1)
    wishes = {user: sale.wish(show, sale.inside(show, user), 0) for user in "ab"}
    duel.let_time_pass_for("first", 301)
    duel.let_time_pass_for("second", 301)
    duel.pause_after(reservation, "check_limits")
    return duel.fight(*[lambda user=user: sale.do("reservation.hold", user, **wishes[user]) for user in "ab"])


def test_a_lapsed_hold_is_taken_over_by_one(sale, duel):
    assert _codes(*_take_over_twice(sale, duel)) == ["done", "seat_taken"]
    assert sale.one("SELECT count(*) FROM reservation WHERE status = 'expired'") == 1


def _promote_twice(sale, duel):
    from models.queue import Queue

    show = sale.show(capacity=2)
    sale.join_all(show, [f"fan-{number}" for number in range(6)])
    duel.pause_after(Queue, "_free")
    duel.fight(sale.promote, sale.promote)
    return sale.one("SELECT count(*) FROM queue_token WHERE status = 'active'")


def test_control_promote_and_promote_without_guards_passes_the_capacity(sale, duel, guards):
    guards.drop_locks()
    assert _promote_twice(sale, duel) == 4
    assert "active tokens within capacity" in sale.violations()


def test_two_beats_do_not_pass_the_capacity(sale, duel):
    assert _promote_twice(sale, duel) == 2
    assert sale.violations() == {}


def _leave_as_the_line_moves(sale, duel):
    from models import leaving

    show = sale.show(capacity=1)
    token_id = sale.join(show, "a")
    duel.pause_after(leaving, "lock_for_leaves")
    duel.fight(lambda: sale.do("queue_token.leave", "a", queue_token_id=token_id), sale.promote)


def test_control_leave_and_promote_without_guards_miscounts_the_line(sale, duel, guards):
    guards.drop_locks()
    guards.drop_checks("queue")
    _leave_as_the_line_moves(sale, duel)
    assert "every line's counters equal its tokens" in sale.violations()


def test_leave_and_promote_count_the_line_right(sale, duel):
    _leave_as_the_line_moves(sale, duel)
    assert sale.one("SELECT status FROM queue_token") == "left"
    assert sale.violations() == {}


def _join_twice(sale, duel):
    from models import joining

    show = sale.show()
    duel.pause_after(joining, "_live_tokens")
    return duel.fight(*[lambda: sale.do("queue_token.issue", "a", concert_id=show.concert_id)] * 2)


def test_control_join_and_join_without_guards_gives_two_places(sale, duel, guards):
    guards.drop_locks()
    guards.drop_index("one_live_token_per_user", "one_token_per_place")
    assert _codes(*_join_twice(sale, duel)) == ["done", "done"]
    assert "one live token per user and concert" in sale.violations()


def test_join_and_join_with_the_unique_index_alone_gives_one_place(sale, duel, guards):
    guards.drop_locks()
    first, second = _join_twice(sale, duel)
    assert first["result"]["id"] == second["result"]["id"]


def test_join_and_join_gives_one_place(sale, duel):
    first, second = _join_twice(sale, duel)
    assert first["result"]["id"] == second["result"]["id"]
    assert sale.violations() == {}


def test_joining_again_does_not_end_a_token_that_a_hold_keeps_alive(sale, duel, monkeypatch):
    # The fan holds a seat in the last moment of his token while a second window of his joins again.
    from models import reservation

    show = sale.show()
    token_id = sale.inside(show, "a")
    duel.let_time_pass_for("first", 599)
    duel.let_time_pass_for("second", 601)
    duel.pause_after(reservation, "check_limits")
    held, joined = duel.fight(
        lambda: sale.do("reservation.hold", "a", **sale.wish(show, token_id, 0)),
        lambda: sale.do("queue_token.issue", "a", concert_id=show.concert_id),
    )
    assert _codes(held, joined) == ["done", "done"]
    assert (joined["result"]["id"], sale.token(token_id).status) == (token_id, "active")


def test_a_purchase_and_the_end_of_the_token_do_not_cross(sale, duel):
    from models.points import PointAccount

    show = sale.show(capacity=1)
    wish = sale.held(show, "a", 0)
    sale.join(show, "next")
    sale.done("points.charge", "a", amount=10_000)
    sale.sql("UPDATE queue_token SET expires_at = expires_at - interval '5 minutes' WHERE user_id = 'a'")
    duel.let_time_pass_for("second", 301)
    duel.pause_after(PointAccount, "covering")
    paid, admitted = duel.fight(lambda: sale.do("payment.pay", "a", **wish), sale.promote)
    assert (paid["status"], admitted, sale.promote()) == ("done", 0, 1)
    assert sale.token(wish["queue_token_id"]).status == "completed"
    assert sale.violations() == {}


def _pay_one_and_hold_another(sale, duel):
    from models import reservation

    show = sale.show()
    wish = sale.held(show, "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    duel.pause_after(reservation, "check_limits")
    return duel.fight(
        lambda: sale.do("reservation.hold", "a", **sale.wish(show, wish["queue_token_id"], 1)),
        lambda: sale.do("payment.pay", "a", **wish),
    )


def test_control_pay_and_hold_without_guards_leaves_a_hold_without_a_turn(sale, duel, guards):
    guards.drop_locks()
    assert _codes(*_pay_one_and_hold_another(sale, duel)) == ["done", "done"]
    assert "nothing is held with a token that was used up or given up" in sale.violations()


def test_what_is_held_while_another_is_paid_is_given_back(sale, duel):
    assert _codes(*_pay_one_and_hold_another(sale, duel)) == ["done", "done"]
    assert sale.sql("SELECT status FROM reservation ORDER BY id") == [("confirmed",), ("released",)]
    assert sale.violations() == {}


def _pay_both(sale, duel):
    from models.points import PointAccount

    show = sale.show()
    wish = sale.held(show, "a", 0)
    second = {**wish, "reservation_id": sale.hold(show, "a", wish["queue_token_id"], 1)["id"]}
    sale.done("points.charge", "a", amount=10_000)
    duel.pause_after(PointAccount, "covering")
    return duel.fight(*[lambda w=w: sale.do("payment.pay", "a", **w) for w in (wish, second)])


def test_of_two_holds_paid_at_once_one_is_bought_and_the_other_given_back(sale, duel):
    assert _codes(*_pay_both(sale, duel)) == ["done", "reservation_not_held"]
    assert sale.sql("SELECT status FROM reservation ORDER BY id") == [("confirmed",), ("released",)]
    assert sale.balance("a") == 9_000
    assert sale.violations() == {}
