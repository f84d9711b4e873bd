"""Kept plans: what is planned while tables are empty must still be right when a crowd has come."""

import gc
import json
import re

import pytest

from models import booking, reservation_view
from models.connection import db
from models.database import read_session
from models.statements import Prepared

# One row a line or a concert, however many fans come.
SMALL = {"concert", "queue"}


@pytest.fixture
def plans(sale_to_spoil):
    """The plan of each prepared statement by its name, made while there was next to nothing."""
    _journey(sale_to_spoil)
    with read_session():
        for statement in [one for one in gc.get_objects() if isinstance(one, Prepared)]:
            if statement.name not in db._get_cache().prepare_connection_for_query_execution().prepared:
                statement._teach()
        prepared = _rows(
            "SELECT name, cardinality(parameter_types), parameter_types::text[] FROM pg_prepared_statements"
        )
        return {name: _plan(name, types) for name, _, types in prepared}


def _journey(sale):
    """Let fans do all there is, so that all that is put together on the way is prepared."""
    show = sale.show(seats=6)
    sale.bought(show, "ann", 0, 1)
    sale.held(show, "bob", 2)
    sale.done("reservation.release", "bob", reservation_id=sale.one("SELECT max(id) FROM reservation"))
    sale.done("queue_token.leave", "cat", queue_token_id=sale.inside(show, "cat"))
    payment = sale.one("SELECT max(id) FROM payment")
    with read_session():
        booking.of_payments([payment])
        reservation_view.seats_of([1])
    sale.done("payment.refund", "operator", payment_id=payment)


def _rows(sql):
    return db._exec_sql(sql).fetchall()


def _plan(name, types):
    nothing = ", ".join(["NULL"] * len(types))
    [[found]] = _rows(
        f"EXPLAIN (FORMAT JSON) EXECUTE {name} ({nothing})" if types else f"EXPLAIN (FORMAT JSON) EXECUTE {name}"
    )
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def test_every_prepared_statement_finds_its_rows_by_index(plans):
    with read_session():
        leading = dict(_rows("SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true) FROM pg_index"))
    faults = []
    for name, plan in plans.items():
        for node in _nodes(plan):
            if node.get("Relation Name") in SMALL:
                continue
            if node["Node Type"] == "Seq Scan":
                faults.append(f"{name} reads {node['Relation Name']} in whole")
            index = node.get("Index Name")
            if index and not re.search(rf"\b{leading[index]}\b", node.get("Index Cond", "")):
                faults.append(f"{name} reads all of {index}: {node.get('Index Cond')}")
    assert faults == []
    assert len(plans) >= 25
