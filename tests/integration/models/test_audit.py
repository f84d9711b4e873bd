"""The audit finds each violation it names, planted one by one, and nothing after a normal run."""

from datetime import timedelta

import pytest

from models import audit, clock
from models.database import change, write_session
from models.invariants import INVARIANTS
from models.queue import Queue

ENTRY = """INSERT INTO point_entry (user_id, kind, amount, balance_after, created_at, reference, request_id)
           VALUES ({})"""


def _entry(user, kind, amount, balance_after, reference="request:x", request_id="gen_random_uuid()"):
    values = f"'{user}', '{kind}', {amount}, {balance_after}, now(), '{reference}', {request_id}"
    return ENTRY.format(values)


def _drop(table, constraint):
    return f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"


def _request(operation, status, submitted="now()"):
    finished = "NULL" if status == "queued" else "now()"
    result = "'{}'" if status == "done" else "NULL"
    values = f"gen_random_uuid(), '{operation}', 'z', '{{}}', '{status}', {submitted}, now(), {finished}, {result}"
    return f"""INSERT INTO request (id, operation, user_id, arguments, status, submitted_at, due_at, finished_at,
                                    result) VALUES ({values})"""


SECOND_RESERVATION = """
    INSERT INTO reservation (performance_id, concert_id, user_id, queue_token_id, status, seat_count, amount, held_at,
                             expires_at, request_id)
    SELECT performance_id, concert_id, user_id, queue_token_id, 'held', seat_count, amount, held_at, expires_at,
           gen_random_uuid() FROM reservation WHERE user_id = 'holds'"""
SECOND_PAYMENT = """
    INSERT INTO payment (reservation_id, concert_id, user_id, amount, status, paid_at, request_id)
    SELECT reservation_id, concert_id, user_id, amount, status, paid_at, gen_random_uuid()
      FROM payment WHERE user_id = 'bought'"""
ITS_ENTRY = """
    INSERT INTO point_entry (user_id, kind, amount, balance_after, created_at, reference, request_id)
    SELECT user_id, 'payment', -amount, 8000, now(), 'payment:' || id, gen_random_uuid()
      FROM payment WHERE user_id = 'bought' ORDER BY id DESC LIMIT 1"""
SECOND_TOKEN = """
    INSERT INTO queue_token (concert_id, user_id, place, status, issued_at, expires_at, request_id)
    SELECT concert_id, user_id, place + 10, status, issued_at, expires_at, gen_random_uuid()
      FROM queue_token WHERE user_id = 'waits'"""

# A name for the test, the invariants violated, and the statements that do it.
PLANTS = {
    "a balance below zero": (
        {"no balance below zero"},
        _drop("point_account", "balance_within_limits"),
        _drop("point_entry", "point_entry_balance_after_check"),
        "INSERT INTO point_account VALUES ('z', -5)",
        _drop("point_entry", "point_entry_check"),
        _entry("z", "charge", -5, -5),
    ),
    "a balance above its ledger": (
        {"every balance equals its ledger"},
        "UPDATE point_account SET balance = balance + 1 WHERE user_id = 'bought'",
    ),
    "an account without a ledger": (
        {"every balance equals its ledger"},
        "INSERT INTO point_account VALUES ('z', 5)",
    ),
    "a ledger without an account": (
        {"every balance equals its ledger"},
        _drop("point_entry", "point_entry_user_id_fkey"),
        _entry("ghost", "charge", 5, 5),
    ),
    "an entry that leads to another balance": (
        {"every entry continues the balance before it"},
        _entry("bought", "charge", 5, 1),
        "UPDATE point_account SET balance = balance + 5 WHERE user_id = 'bought'",
    ),
    "a seat in two live reservations": (
        {"at most one live reservation or sale per seat", "every seat's status equals what reservations say"},
        "DROP INDEX one_live_reservation_per_seat",
        SECOND_RESERVATION,
        """INSERT INTO reservation_seat SELECT (SELECT max(id) FROM reservation), seat_id, price, true
             FROM reservation_seat WHERE reservation_id = (SELECT min(id) FROM reservation WHERE user_id = 'holds')""",
    ),
    "a held seat that can be had": (
        {"every seat's status equals what reservations say"},
        "UPDATE seat SET status = 'available', reservation_id = NULL, held_until = NULL WHERE status = 'held'",
    ),
    "a seat held longer than its reservation": (
        {"every seat's status equals what reservations say"},
        "UPDATE seat SET held_until = held_until + interval '1 hour' WHERE status = 'held'",
    ),
    "a reservation for another amount": (
        {"every reservation's number and amount are those of its seats"},
        "UPDATE reservation SET amount = amount - 1 WHERE user_id = 'holds'",
    ),
    "a reservation that counts a seat too few": (
        {"every reservation's number and amount are those of its seats"},
        "UPDATE reservation SET seat_count = seat_count + 1 WHERE user_id = 'holds'",
    ),
    "a seat sold to nobody": (
        {"every seat's status equals what reservations say"},
        """UPDATE seat SET status = 'sold', reservation_id = (SELECT max(id) FROM reservation)
            WHERE id = (SELECT max(id) FROM seat WHERE status = 'available')""",
    ),
    "a sold seat that is not live": (
        {"a reservation's seats are live exactly while it is"},
        """UPDATE reservation_seat SET live = false
            WHERE reservation_id = (SELECT id FROM reservation WHERE user_id = 'bought')""",
    ),
    "a confirmed reservation without a payment": (
        {
            "one payment per confirmed reservation, and none without",
            "every payment is in the ledger once, and so is every refund",
        },
        "DELETE FROM request",
        "DELETE FROM payment WHERE user_id = 'bought'",
    ),
    "a reservation paid twice": (
        {"one payment per confirmed reservation, and none without"},
        _drop("payment", "one_payment_per_reservation"),
        SECOND_PAYMENT,
        ITS_ENTRY,
        "UPDATE point_account SET balance = 8000 WHERE user_id = 'bought'",
    ),
    "a payment that differs from its seats' prices": (
        {
            "every payment's amount equals its seats' prices",
            "every reservation's number and amount are those of its seats",
        },
        """UPDATE reservation_seat SET price = price + 1
            WHERE reservation_id = (SELECT id FROM reservation WHERE user_id = 'bought')""",
    ),
    "a payment that took no points": (
        {"every payment is in the ledger once, and so is every refund"},
        "ALTER TABLE point_entry DISABLE TRIGGER USER",
        "UPDATE point_entry SET reference = 'elsewhere' WHERE user_id = 'bought' AND kind = 'payment'",
    ),
    "points taken for no payment": (
        {"every payment is in the ledger once, and so is every refund"},
        _entry("bought", "payment", -10, 8990, "payment:999"),
        "UPDATE point_account SET balance = 8990 WHERE user_id = 'bought'",
    ),
    "a refund entered twice": (
        {"every payment is in the ledger once, and so is every refund"},
        """INSERT INTO point_entry (user_id, kind, amount, balance_after, created_at, reference, request_id)
           SELECT user_id, kind, amount, 11000, created_at, reference, gen_random_uuid()
             FROM point_entry WHERE kind = 'refund'""",
        "UPDATE point_account SET balance = 11000 WHERE user_id = 'refunded'",
    ),
    "a payment after the hold ended": (
        {"nothing paid after its hold ended"},
        """UPDATE payment p SET paid_at = r.expires_at FROM reservation r
            WHERE r.id = p.reservation_id AND p.user_id = 'bought'""",
    ),
    "more fans inside than there is room": (
        {"active tokens within capacity"},
        "UPDATE queue SET capacity = 1, admitted_under = 1",
    ),
    "two places of one fan": (
        {"one live token per user and concert"},
        "DROP INDEX one_live_token_per_user",
        SECOND_TOKEN,
        "UPDATE queue SET last_place = last_place + 1 WHERE ended_at IS NULL",
    ),
    "an admission withdrawn too early": (
        {"no unused admission withdrawn before its fan was to ask again"},
        """UPDATE queue_token SET status = 'expired', ended_at = now(), used_at = NULL,
                  asks_by = now() + interval '9 s', expires_at = now() + interval '1 h' WHERE user_id = 'released'""",
    ),
    "a hold of a turn that is over": (
        {"nothing is held with a token that was used up or given up"},
        "UPDATE queue_token SET status = 'completed', ended_at = now() WHERE user_id = 'holds'",
    ),
    "a fan with more seats than one may have": (
        {
            "no user has more seats of a concert than a user may have",
            "every reservation's number and amount are those of its seats",
        },
        _drop("reservation", "reservation_seat_count_check"),
        "UPDATE reservation SET seat_count = 5 WHERE user_id = 'bought'",
    ),
    "a reservation with a stranger's token": (
        {"a reservation, its token, its date and its payment are of one user and concert"},
        """UPDATE reservation SET queue_token_id = (SELECT id FROM queue_token WHERE user_id = 'released')
            WHERE user_id = 'holds'""",
    ),
    "a reservation of another concert than its date": (
        {"a reservation, its token, its date and its payment are of one user and concert"},
        "INSERT INTO concert (title, venue, created_at) VALUES ('other', 'hall', now())",
        """UPDATE performance SET concert_id = (SELECT max(id) FROM concert)""",
    ),
    "a payment by somebody else": (
        {
            "a reservation, its token, its date and its payment are of one user and concert",
            "every payment is in the ledger once, and so is every refund",
        },
        "UPDATE payment SET user_id = 'rich' WHERE user_id = 'bought'",
    ),
    "a line that counts one too few": (
        {"every line's counters equal its tokens"},
        "UPDATE queue SET gone_total = gone_total + 1 WHERE ended_at IS NULL",
    ),
    "a fan whom the line has passed": (
        {"every line's counters equal its tokens"},
        "UPDATE queue SET serving_number = last_place",
    ),
    "an admission from a line that was ended": (
        {"nobody is admitted from a line after it was ended"},
        """UPDATE queue_token SET status = 'active', ended_at = NULL, admitted_at = now(), end_reason = NULL
            WHERE user_id = 'sent home'""",
    ),
    "a place that ended with its line and goes on": (
        {"nobody is admitted from a line after it was ended"},
        "UPDATE queue_token SET end_reason = 'queue_ended' WHERE user_id = 'left'",
    ),
    "a release that released nothing": (
        {"one effect per request, and none without"},
        """UPDATE reservation SET status = 'expired'
            WHERE user_id = 'released' AND status = 'released'""",
    ),
    "a place given up that is not": (
        {"one effect per request, and none without"},
        "UPDATE queue_token SET status = 'expired', asks_by = NULL WHERE user_id = 'left'",
    ),
    "a request done without an effect": (
        {"one effect per request, and none without"},
        _request("points.charge", "done"),
    ),
    "an effect of a refused request": (
        {"one effect per request, and none without"},
        """UPDATE request SET status = 'refused', result = NULL, problem = '{"code": "seat_taken"}'
            WHERE operation = 'reservation.hold' AND user_id = 'holds'""",
    ),
    "a request with two effects": (
        {"one effect per request, and none without"},
        _drop("point_entry", "one_entry_per_request"),
        """INSERT INTO point_entry (user_id, kind, amount, balance_after, created_at, reference, request_id)
           SELECT user_id, kind, amount, balance_after + amount, created_at, reference, request_id
             FROM point_entry WHERE user_id = 'rich'""",
        "UPDATE point_account SET balance = balance * 2 WHERE user_id = 'rich'",
    ),
    "a promise not kept": (
        {"no request older than a minute without an outcome"},
        _request("points.charge", "queued", "now() - interval '61 seconds'"),
    ),
}


@pytest.fixture(scope="module")
def busy_sale(lasting_sale):
    """A sale in which everything has happened once: bought, refunded, held, left, waiting, released, refused, ended."""
    sale = lasting_sale
    show = sale.show(seats=6, capacity=2)
    sale.bought(show, "bought", 0)
    booking = sale.bought(show, "refunded", 1)
    sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    sale.held(show, "holds", 2)
    wish = sale.held(show, "released", 3)
    sale.done("reservation.release", "released", reservation_id=wish["reservation_id"])
    sale.refused("payment.pay", "released", **wish)
    sale.join(show, "waits")
    left = sale.join(show, "left")
    sale.done("queue_token.leave", "left", queue_token_id=left)
    sale.done("points.charge", "rich", amount=500)
    ended = sale.show()
    sale.join(ended, "sent home")
    with write_session():
        Queue.steer(ended.concert_id, now=clock.utcnow(), policy=sale.policy, state="ended")
    sale.sweep("queue_token.expire_due")
    return sale


class UndoneError(Exception):
    """Rolls a planted violation back: what the plant dropped is there again for the next one."""


def _violated(*statements, **options):
    found = []

    def plant_and_audit():
        with write_session():
            for statement in statements:
                change(statement)
            found.extend(
                check for check in audit.audit(clock.utcnow(), seats_per_user=4, **options) if check.violations
            )
            raise UndoneError

    with pytest.raises(UndoneError):
        plant_and_audit()
    return found


def test_after_a_normal_run_nothing_is_violated(busy_sale):
    assert _violated() == []


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_violation_is_found_and_only_it(busy_sale, plant):
    names, *statements = PLANTS[plant]
    found = _violated(*statements)
    assert {check.name for check in found} == names
    assert all(text for check in found for text in check.violations)


def test_every_invariant_was_planted():
    assert {name for names, *_ in PLANTS.values() for name in names} == {one.name for one in INVARIANTS}


def test_every_invariant_looks_at_something(busy_sale):
    with write_session():
        figures = {check.name: check.figure for check in audit.audit(clock.utcnow(), seats_per_user=4)}
    waiting = "no request older than a minute without an outcome"
    assert {name for name, figure in figures.items() if not figure} == {waiting}


def test_without_workers_a_waiting_request_is_no_violation(busy_sale):
    _, statement = PLANTS["a promise not kept"]
    assert _violated(statement, workers_run=False) == []
    assert timedelta(minutes=1) == audit.OUTCOME_WITHIN
