"""The domain does what the reference says, whatever is asked of it in whatever order and at whatever time."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.property.reference import Reference

NAMES = ["ann", "bob", "cem", "dan", "eve"]
USERS = st.sampled_from(NAMES)
WISHES = st.frozensets(st.integers(0, 4), min_size=1, max_size=3)
SEATS = 5
PRICE = 100
# Without shrinking: a failing run is shown as it was found, in seconds instead of minutes.
STEPS = settings(
    max_examples=20,
    phases=[Phase.generate],
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
EVERYTHING = """
    SELECT json_build_object(
        'tokens', (SELECT coalesce(json_agg(CASE WHEN t.status = 'waiting' AND t.place <= q.ended_through
                                                  THEN 'expired' ELSE t.status END ORDER BY t.place), '[]')
                     FROM queue_token t JOIN queue q USING (concert_id)),
        'sold_out', (SELECT sold_out FROM queue),
        'reservations', (SELECT coalesce(json_agg(status ORDER BY id), '[]') FROM reservation),
        'balances', (SELECT coalesce(json_object_agg(user_id, balance), '{}') FROM point_account WHERE balance <> 0))
"""
REACHED = {
    ("queue_token.issue", "done"),
    ("queue_token.issue", "queue_closed"),
    ("queue_token.issue", "queue_ended"),
    ("queue_token.issue", "sale_over"),
    ("queue_token.leave", "done"),
    ("queue_token.leave", "token_expired"),
    ("reservation.hold", "done"),
    ("reservation.hold", "not_admitted"),
    ("reservation.hold", "seat_taken"),
    ("reservation.hold", "kept a seat"),
    ("reservation.hold", "took others"),
    ("reservation.hold", "reservation_not_held"),
    ("reservation.hold", "token_expired"),
    ("reservation.release", "done"),
    ("reservation.release", "reservation_not_held"),
    ("payment.pay", "done"),
    ("payment.pay", "already_paid"),
    ("payment.pay", "gave another hold back"),
    ("payment.refund", "done"),
}


class SaleMachine(RuleBasedStateMachine):
    """Asks the domain and the reference the same, and compares."""

    holds = Bundle("holds")

    def __init__(self, sale, told):
        super().__init__()
        self.told = told
        self.frozen = freeze_time("2099-01-01")
        self.time = self.frozen.start()
        from tests.fixtures.sale_databases import empty

        empty(sale)
        self.sale, self.reference = sale, Reference(capacity=2, price=PRICE, seats=SEATS)
        self.show = sale.show(seats=SEATS, price=PRICE, capacity=2)
        self.token_ids, self.hold_ids, self.payment_ids = [], [], {}

    def _ask(self, operation, user, **arguments):
        task = self.sale.do(operation, user, **arguments)
        code = (task["problem"] or {}).get("code", task["status"])
        self.told[operation, code] += 1
        return code, task["result"]

    def _token(self, user):
        index = self.reference.newest(user)
        return None if index is None else (index, self.token_ids[index])

    @initialize()
    def a_crowd_comes(self):
        for user in NAMES:
            self.join(user)
        self.promote()
        for user in NAMES[:3]:
            self.charge(user, 350)

    # --- the line ----------------------------------------------------------------------------------------------------

    @rule(user=USERS)
    def join(self, user):
        code, result = self._ask("queue_token.issue", user, concert_id=self.show.concert_id)
        assert code == self.reference.join(user)
        if code != "done":
            return
        index = self.reference.newest(user)
        if index == len(self.token_ids):
            self.token_ids.append(result["id"])
        assert result["id"] == self.token_ids[index]
        waits = self.reference.tokens[index].status == "waiting"
        if waits:
            # A newcomer is told no less than a poll will say: those over by time ahead of him may not be swept yet.
            assert result["position"] >= self.reference.position(index)
        else:
            assert result["position"] is None

    @rule(user=USERS)
    def leave(self, user):
        if token := self._token(user):
            index, token_id = token
            assert self._ask("queue_token.leave", user, queue_token_id=token_id)[0] == self.reference.leave(index)

    @rule(user=USERS)
    def poll(self, user):
        from models import clock
        from models.database import write_session
        from models.queue_token import QueueToken

        if token := self._token(user):
            with write_session():
                QueueToken.mark_used(token[1], clock.utcnow())
            self.reference.use(token[0])

    @rule()
    def promote(self):
        assert self.sale.promote() == self.reference.promote()
        paced = "SELECT place, extract(epoch FROM asks_by - admitted_at)::float FROM queue_token WHERE "
        for place, seconds in self.sale.sql(paced + "status = 'active'"):
            token = self.reference.tokens[place - 1]
            token.asks_by = token.admitted_at + seconds

    @rule()
    def expire_tokens(self):
        assert self.sale.sweep("queue_token.expire_due") == self.reference.expire_tokens()

    def _steer(self, state):
        from models import clock
        from models.database import write_session
        from models.queue import Queue

        with write_session():
            Queue.steer(self.show.concert_id, now=clock.utcnow(), policy=self.sale.policy, state=state)
        self.reference.steer(state)

    @rule(state=st.sampled_from(["paused", "closed", "ended"]), user=USERS, sweeps=st.booleans())
    def steer_for_a_while(self, state, user, sweeps):
        self._steer(state)
        self.join(user)
        self.promote()
        if sweeps:
            self.expire_tokens()
        self._steer("open")

    @rule(target=holds)
    def the_rest_is_sold(self):
        before = len(self.hold_ids)
        for user, seat in zip(NAMES, range(SEATS), strict=True):
            self.join(user)
            self.promote()
            self.somebody_inside_buys(frozenset({seat}))
        self.look_at_sales()
        self.join(NAMES[0])
        return multiple(*range(before, len(self.hold_ids)))

    @rule()
    def look_at_sales(self):
        self.sale.sweep("queue.note_sold_out")
        self.sale.sweep("queue.note_seats_back")
        self.reference.look_at_sales()

    @precondition(lambda self: len(self.reference.tokens) > 9)
    @rule()
    def a_day_passes(self):
        self.let_time_pass(86_400)

    @rule(seconds=st.sampled_from([1, 5, 29, 60, 241, 300, 599]))
    def let_time_pass(self, seconds):
        self.time.tick(timedelta(seconds=seconds))
        self.reference.now += seconds

    # --- seats and money ---------------------------------------------------------------------------------------------

    @rule(user=USERS, seats=WISHES, target=holds)
    def hold(self, user, seats):
        index, token_id = self._token(user)
        code, result = self._ask("reservation.hold", user, **self.sale.wish(self.show, token_id, *sorted(seats)))
        assert code == self.reference.hold(index, seats)
        if code != "done":
            return multiple()
        assert result["amount"] == PRICE * len(seats)
        self.hold_ids.append(result["id"])
        return len(self.hold_ids) - 1

    @rule(seats=WISHES, target=holds)
    def hold_of_somebody_inside(self, seats):
        inside = [token.user for token in self.reference.tokens if token.status == "active"]
        return self.hold(inside[len(seats) % len(inside)], seats) if inside else multiple()

    @rule(number=holds, seats=WISHES, keeps=st.booleans(), target=holds)
    def hold_instead(self, number, seats, keeps):
        hold = self.reference.holds[number]
        index, token_id = self._token(hold.user)
        wanted = seats | frozenset(sorted(hold.seats)[:1]) if keeps else seats
        wish = self.sale.wish(self.show, token_id, *sorted(wanted)) | {"replaces": self.hold_ids[number]}
        code, result = self._ask("reservation.hold", hold.user, **wish)
        assert code == self.reference.hold(index, wanted, number)
        if code != "done":
            return multiple()
        assert result["amount"] == PRICE * len(wanted)
        self.told["reservation.hold", "kept a seat" if wanted & hold.seats else "took others"] += 1
        self.hold_ids.append(result["id"])
        return len(self.hold_ids) - 1

    @rule(seats=st.permutations(range(SEATS)), keeps=st.booleans(), target=holds)
    def somebody_inside_thinks_again(self, seats, keeps):
        before = len(self.hold_ids)
        self.hold_of_somebody_inside(frozenset(seats[:1]))
        if len(self.hold_ids) > before:
            self.hold_instead(before, frozenset(seats[1:2]), keeps)
            self.hold_instead(before, frozenset(seats[2:3]), keeps)
        return multiple(*range(before, len(self.hold_ids)))

    @rule()
    def expire_holds(self):
        assert self.sale.sweep("reservation.expire_due") == self.reference.expire_holds()

    @rule(number=holds)
    def release(self, number):
        hold = self.reference.holds[number]
        code, _ = self._ask("reservation.release", hold.user, reservation_id=self.hold_ids[number])
        assert code == self.reference.release(hold)

    @rule(user=USERS, amount=st.sampled_from([1, 100, 350]))
    def charge(self, user, amount):
        assert self._ask("points.charge", user, amount=amount)[0] == self.reference.charge(user, amount)

    @rule(number=holds)
    def pay(self, number):
        hold = self.reference.holds[number]
        _, token_id = self._token(hold.user)
        wish = {"queue_token_id": token_id, "reservation_id": self.hold_ids[number]}
        code, result = self._ask("payment.pay", hold.user, **wish)
        released = self._released()
        assert code == self.reference.pay(hold)
        self.told["payment.pay", "gave another hold back"] += self._released() > released
        if code == "done":
            self.payment_ids[number] = result["payment_id"]

    def _released(self):
        return sum(hold.status == "released" for hold in self.reference.holds)

    @rule(number=holds)
    def refund(self, number):
        if number in self.payment_ids:
            code, _ = self._ask("payment.refund", "boss", payment_id=self.payment_ids[number])
            assert code == self.reference.refund(self.reference.holds[number])

    @rule(seats=WISHES, target=holds)
    def somebody_inside_buys(self, seats):
        before = len(self.hold_ids)
        self.hold_of_somebody_inside(seats)
        if len(self.hold_ids) > before:
            self.charge(self.reference.holds[before].user, PRICE * len(seats))
            self.pay(before)
            self.promote()
        return multiple(*range(before, len(self.hold_ids)))

    @rule(seats=WISHES)
    def somebody_inside_lets_go(self, seats):
        before = len(self.hold_ids)
        self.hold_of_somebody_inside(seats)
        if len(self.hold_ids) > before:
            self.release(before)

    @rule(seats=st.permutations(range(SEATS)), target=holds)
    def somebody_inside_buys_one_of_two(self, seats):
        inside = [token.user for token in self.reference.tokens if token.status == "active"]
        before = len(self.hold_ids)
        for seat in seats[:2] if inside else ():
            self.hold(inside[0], frozenset({seat}))
        if len(self.hold_ids) > before:
            self.charge(inside[0], PRICE)
            self.pay(before)
        return multiple(*range(before, len(self.hold_ids)))

    # --- what is true at any time ------------------------------------------------------------------------------------

    @invariant()
    def the_database_says_what_the_reference_says(self):
        told, reference = self.sale.one(EVERYTHING), self.reference
        told = json.loads(told) if isinstance(told, str) else told
        assert told["tokens"] == [token.status for token in reference.tokens]
        assert told["sold_out"] == reference.sold_out
        assert told["reservations"] == [hold.status for hold in reference.holds]
        assert told["balances"] == {user: balance for user, balance in reference.balances.items() if balance}

    @invariant()
    def the_seats_show_what_the_reference_says(self):
        assert self.sale.seats_shown(self.show) == [self.reference.seat(number) for number in range(SEATS)]

    def teardown(self):
        try:
            assert self.sale.violations() == {}
        finally:
            self.frozen.stop()


def test_the_domain_does_what_the_reference_says(lasting_sale, monkeypatch: pytest.MonkeyPatch):
    from models import database

    monkeypatch.setattr(database, "check_clock", lambda: None)
    told = Counter()
    run_state_machine_as_test(lambda: SaleMachine(lasting_sale, told), settings=STEPS)
    # So that nobody takes a machine that does nothing for one that does everything right.
    assert {what for what, times in told.items() if times} >= REACHED
