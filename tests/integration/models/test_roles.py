"""The role of the service: all fans and sweeps do, with rights too few to rewrite history (`deploy/roles.sql`)."""

from pathlib import Path

import pytest

from models.database import db

SCRIPT = Path(__file__).parents[3] / "deploy" / "roles.sql"
ROLE = "frontrow_service_of_a_test"


@pytest.fixture
def served(sale_to_spoil, monkeypatch):
    """A sale whose service has the rights of the script and nothing more; the test itself owns the tables."""
    sale = sale_to_spoil
    if not sale.one("SELECT count(*) FROM pg_roles WHERE rolname = $role", role=ROLE):
        sale.sql(f"CREATE ROLE {ROLE}")
    for statement in SCRIPT.read_text().replace(':"service"', ROLE).split(";"):
        lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
        if lines:
            sale.sql("\n".join(lines))
    options = db.provider.pool.kwargs
    monkeypatch.setitem(options, "options", f"{options['options']} -c role={ROLE}")
    db.disconnect()
    yield sale
    db.disconnect()


def test_a_season_is_played_with_the_rights_of_the_service(served):
    show = served.show(seats=6)
    booking = served.bought(show, "ann", 0, 1)
    wish = served.held(show, "bob", 2)
    served.done(
        "reservation.hold", "bob", **served.wish(show, wish["queue_token_id"], 3), replaces=wish["reservation_id"]
    )
    served.done("queue_token.leave", "bob", queue_token_id=wish["queue_token_id"])
    served.done("payment.refund", "boss", payment_id=booking["payment_id"])
    for sweep in served.sweeps:
        served.sweep(sweep)
    assert not any(served.violations().values())
    assert served.one("SELECT current_user") == ROLE


@pytest.mark.parametrize("table", ["point_entry", "operator_action"])
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE", "TRIGGER"])
def test_the_service_has_no_right_to_rewrite_history(served, table, right):
    assert served.one("SELECT has_table_privilege($role, $table, 'SELECT, INSERT')", role=ROLE, table=table)
    assert not served.one("SELECT has_table_privilege($role, $table, $right)", role=ROLE, table=table, right=right)


def test_the_service_can_change_no_table_and_no_migration(served):
    assert not served.one("SELECT has_schema_privilege($role, 'public', 'CREATE')", role=ROLE)
    assert not served.one("SELECT has_table_privilege($role, 'schema_migration', 'INSERT')", role=ROLE)
