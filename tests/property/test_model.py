"""The domain does what the reference says, whatever is asked of it in whatever order and at whatever time."""

from datetime import timedelta

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.property.reference import Reference

USERS = st.sampled_from(["ann", "bob", "cem", "dan", "eve"])
SEATS = 5
PRICE = 100
# Without shrinking: a failing run is shown as it was found, in seconds instead of minutes.
STEPS = settings(
    max_examples=12,
    phases=[Phase.generate],
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class SaleMachine(RuleBasedStateMachine):
    """Asks the domain and the reference the same, and compares."""

    holds = Bundle("holds")

    def __init__(self, sale):
        super().__init__()
        self.frozen = freeze_time("2099-01-01")
        self.time = self.frozen.start()
        from tests.fixtures.sale_databases import TABLES

        sale.sql(f"TRUNCATE {TABLES} RESTART IDENTITY")
        self.sale, self.reference = sale, Reference(capacity=2, price=PRICE)
        self.show = sale.show(seats=SEATS, price=PRICE, capacity=2)
        self.token_ids, self.hold_ids, self.payment_ids = [], {}, {}

    def teardown(self):
        self.frozen.stop()

    def _ask(self, operation, user, **arguments):
        task = self.sale.do(operation, user, **arguments)
        return (task["problem"] or {}).get("code", task["status"]), task["result"]

    def _token(self, user):
        index = self.reference.newest(user)
        return None if index is None else (index, self.token_ids[index])

    # --- the line ----------------------------------------------------------------------------------------------------

    @rule(user=USERS)
    def join(self, user):
        code, result = self._ask("queue_token.issue", user, concert_id=self.show.concert_id)
        assert code == self.reference.join(user)
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

    @rule()
    def expire_tokens(self):
        assert self.sale.sweep("queue_token.expire_due") == self.reference.expire_tokens()

    @rule(seconds=st.sampled_from([1, 29, 60, 241, 300, 599, 86_400]))
    def let_time_pass(self, seconds):
        self.time.tick(timedelta(seconds=seconds))
        self.reference.now += seconds

    # --- seats and money ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.reference.tokens)
    @rule(user=USERS, seats=st.frozensets(st.integers(0, SEATS - 1), min_size=1, max_size=3), target=holds)
    def hold(self, user, seats):
        token = self._token(user)
        if token is None:
            return None
        code, result = self._ask("reservation.hold", user, **self.sale.wish(self.show, token[1], *sorted(seats)))
        assert code == self.reference.hold(token[0], seats)
        if code != "done":
            return None
        assert result["amount"] == PRICE * len(seats)
        number = len(self.reference.holds) - 1
        self.hold_ids[number] = result["id"]
        return number

    @rule()
    def expire_holds(self):
        assert self.sale.sweep("reservation.expire_due") == self.reference.expire_holds()

    @rule(number=holds)
    def release(self, number):
        if number is not None:
            hold = self.reference.holds[number]
            code, _ = self._ask("reservation.release", hold.user, reservation_id=self.hold_ids[number])
            assert code == self.reference.release(hold)

    @rule(user=USERS, amount=st.sampled_from([1, 100, 350]))
    def charge(self, user, amount):
        assert self._ask("points.charge", user, amount=amount)[0] == self.reference.charge(user, amount)

    @rule(number=holds)
    def pay(self, number):
        if number is None:
            return
        hold = self.reference.holds[number]
        _, token_id = self._token(hold.user)
        wish = {"queue_token_id": token_id, "reservation_id": self.hold_ids[number]}
        code, result = self._ask("payment.pay", hold.user, **wish)
        assert code == self.reference.pay(hold)
        if code == "done":
            self.payment_ids[number] = result["payment_id"]

    @rule(number=holds)
    def refund(self, number):
        if number in self.payment_ids:
            code, _ = self._ask("payment.refund", "boss", payment_id=self.payment_ids[number])
            assert code == self.reference.refund(self.reference.holds[number])

    # --- what is true at any time ------------------------------------------------------------------------------------

    @invariant()
    def the_database_says_what_the_reference_says(self):
        tokens = self.sale.sql("SELECT status FROM queue_token ORDER BY place")
        assert [status for (status,) in tokens] == [token.status for token in self.reference.tokens]
        found = self.sale.sql("SELECT status FROM reservation ORDER BY id")
        assert [status for (status,) in found] == [hold.status for hold in self.reference.holds]
        balances = dict(self.sale.sql("SELECT user_id, balance FROM point_account"))
        assert {user: balance for user, balance in balances.items() if balance} == {
            user: balance for user, balance in self.reference.balances.items() if balance
        }

    @invariant()
    def the_seats_show_what_the_reference_says(self):
        assert self.sale.seats_shown(self.show) == [self.reference.seat(number) for number in range(SEATS)]

    @invariant()
    def the_audit_finds_nothing(self):
        assert self.sale.violations() == {}


def test_the_domain_does_what_the_reference_says(lasting_sale, monkeypatch: pytest.MonkeyPatch):
    from models import database

    monkeypatch.setattr(database, "check_clock", lambda: None)
    run_state_machine_as_test(lambda: SaleMachine(lasting_sale), settings=STEPS)
    assert lasting_sale.one("SELECT count(*) FROM request") > 0
