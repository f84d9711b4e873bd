"""Points: charged, entered in an append-only ledger, never below zero or above the limit."""

import psycopg2
import pytest
from pony.orm import core

pytestmark = pytest.mark.usefixtures("time")


def test_charges_add_up_and_stand_in_the_ledger_newest_first(sale):
    from models.database import read_session
    from models.points import PointAccount, PointEntry

    results = [sale.done("points.charge", "a", amount=amount) for amount in (500, 1, 1_000_000)]
    assert [result["balance"] for result in results] == [500, 501, 1_000_501]
    with read_session():
        entries = PointEntry.page("a", limit=2)
        rest = PointEntry.page("a", limit=2, before_id=entries[-1]["id"])
        assert PointAccount.balance_of("a") == {"user_id": "a", "balance": 1_000_501}
        assert PointAccount.balance_of("nobody") == {"user_id": "nobody", "balance": 0}
    assert [entry["amount"] for entry in entries + rest] == [1_000_000, 1, 500]
    assert entries[0]["id"] == results[-1]["entry_id"]


def test_a_batch_of_charges_of_one_user_is_added_up(sale):
    for amount in range(1, 101):
        sale.accept("points.charge", "a", amount=amount)
    assert sale.drain("points.charge") == 100
    assert sale.balance("a") == 5050
    assert sale.violations() == {}


def test_a_balance_never_passes_its_limit_and_may_reach_it(sale):
    sale.done("points.charge", "a", amount=1)
    sale.sql("UPDATE point_account SET balance = 9999999999")
    problem = sale.refused("points.charge", "a", amount=2)
    assert (problem["code"], problem["balance"], problem["limit"]) == ("balance_limit_exceeded", 9_999_999_999, 10**10)
    assert sale.done("points.charge", "a", amount=1)["balance"] == 10**10


def test_a_ticket_that_costs_more_than_the_balance_is_refused_with_both(sale):
    show = sale.show(price=1_000)
    wish = sale.held(show, "a", 0, 1)
    problem = sale.refused("payment.pay", "a", **wish)
    assert (problem["code"], problem["balance"], problem["amount"]) == ("insufficient_points", 0, 2_000)
    sale.done("points.charge", "a", amount=1_999)
    assert sale.refused("payment.pay", "a", **wish)["balance"] == 1_999
    sale.done("points.charge", "a", amount=1)
    sale.done("payment.pay", "a", **wish)
    assert sale.balance("a") == 0


def test_a_ticket_for_nothing_needs_no_account(sale):
    booking = sale.done("payment.pay", "a", **sale.held(sale.show(price=0), "a"))
    assert booking["amount"] == 0
    assert sale.violations() == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE point_entry SET amount = 2",
        "DELETE FROM point_entry",
        "TRUNCATE point_entry",
        "TRUNCATE point_account CASCADE",
    ],
)
def test_the_database_itself_refuses_to_rewrite_the_ledger(sale, statement):
    sale.done("points.charge", "a", amount=1)
    with pytest.raises((core.DBException, psycopg2.Error), match="append-only"):
        sale.sql(statement)


def test_the_database_itself_refuses_a_balance_below_zero(sale):
    with pytest.raises((core.DBException, psycopg2.Error), match="balance_within_limits"):
        sale.sql("INSERT INTO point_account VALUES ('a', -1)")
