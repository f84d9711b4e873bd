"""The entities and the state machines are those of the migrated schema."""

import re

import pytest

from models import payment, queue, queue_token, request, reservation, seat
from models.entities import ENTITIES
from models.lifecycle import IllegalMoveError, move

TABLES = {
    "seat": (seat.SeatStatus, seat.SEAT_MOVES),
    "queue_token": (queue_token.QueueTokenStatus, queue_token.QUEUE_TOKEN_MOVES),
    "reservation": (reservation.ReservationStatus, reservation.RESERVATION_MOVES),
    "payment": (payment.PaymentStatus, payment.PAYMENT_MOVES),
    "request": (request.RequestStatus, request.REQUEST_MOVES),
}

PYTHON_TYPES = {
    "bigint": "int",
    "integer": "int",
    "text": "str",
    "timestamp with time zone": "datetime",
    "uuid": "UUID",
    "jsonb": "Json",
    "boolean": "bool",
    "double precision": "float",
}


@pytest.fixture(scope="module")
def columns(lasting_sale):
    sql = """SELECT table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
              WHERE table_schema = 'public' AND table_name <> 'schema_migration'"""
    found = {}
    for table, column, type_, nullable in lasting_sale.sql(sql):
        found.setdefault(table, {})[column] = (PYTHON_TYPES[type_], nullable)
    return found


def _mapped(entity):
    attributes = entity._adict_.values()
    return {
        attribute.column: (attribute.py_type.__name__, not (attribute.is_required or attribute.is_pk))
        for attribute in attributes
    }


def test_every_table_has_its_entity(columns):
    assert {entity._table_ for entity in ENTITIES} == set(columns)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
def test_an_entity_maps_every_column_with_its_type_and_nullability(columns, entity):
    assert _mapped(entity) == columns[entity._table_]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
def test_whole_numbers_of_64_bits_are_64_bits_to_pony(lasting_sale, entity):
    sql = """SELECT column_name FROM information_schema.columns WHERE table_name = $table AND data_type = 'bigint'"""
    wide = {name for (name,) in lasting_sale.sql(sql, table=entity._table_)}
    numbers = [attribute for attribute in entity._adict_.values() if attribute.py_type is int]
    mapped = {attribute.column for attribute in numbers if attribute.converters[0].max_val == 2**63 - 1}
    assert mapped == wide


def _checked_statuses(sale, table, column="status"):
    sql = """SELECT pg_get_constraintdef(oid) FROM pg_constraint
              WHERE conrelid = $table::regclass AND contype = 'c' AND conname = $name"""
    definition = sale.one(sql, table=table, name=f"{table}_{column}_check")
    return set(re.findall(r"'(\w+)'::text", definition))


@pytest.mark.parametrize("table", TABLES)
def test_a_status_column_admits_exactly_the_states_of_its_machine(lasting_sale, table):
    statuses, moves = TABLES[table]
    assert _checked_statuses(lasting_sale, table) == {status.value for status in statuses}
    assert set(moves) == set(statuses)
    assert all(targets <= set(statuses) for targets in moves.values())


def test_the_states_of_a_line_are_those_of_its_column(lasting_sale):
    assert _checked_statuses(lasting_sale, "queue", "state") == {state.value for state in queue.QueueState}


@pytest.mark.parametrize("table", TABLES)
def test_every_move_is_allowed_or_refused_as_its_table_says(table):
    statuses, moves = TABLES[table]

    class Thing:
        id = 1

    for before in statuses:
        for after in statuses:
            thing = Thing()
            thing.status = before.value
            if after in moves[before]:
                move(thing, after, moves)
                assert thing.status == after.value
            else:
                with pytest.raises(IllegalMoveError):
                    move(thing, after, moves)


@pytest.mark.parametrize("index", ["one_live_token_per_user", "one_live_reservation_per_seat", "one_request_per_key"])
def test_what_must_never_happen_twice_has_its_partial_unique_index(lasting_sale, index):
    definition = lasting_sale.one("SELECT indexdef FROM pg_indexes WHERE indexname = $index", index=index)
    assert definition.startswith("CREATE UNIQUE INDEX")
    assert " WHERE " in definition


@pytest.mark.parametrize("effect", ["token", "reservation", "entry", "payment"])
def test_a_request_has_one_effect_of_a_kind(lasting_sale, effect):
    sql = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $name"
    assert lasting_sale.one(sql, name=f"one_{effect}_per_request") == "UNIQUE (request_id)"


def test_migrations_are_applied_once(postgres, new_database):
    from models.migrate import migrate, pending

    url = new_database("migrated_again")
    assert (pending(url), migrate(url)) == ([], [])


def test_two_deployments_at_once_apply_each_migration_once(postgres):
    from models.migrate import MIGRATIONS, migrate, pending
    from tests.fixtures.parallel import in_parallel
    from tests.fixtures.servers import _execute

    _execute(postgres, "DROP DATABASE IF EXISTS fresh")
    _execute(postgres, "CREATE DATABASE fresh")
    url = postgres.url("fresh")
    names = [path.stem for path in sorted(MIGRATIONS.glob("*.sql"))]
    assert pending(url) == names
    applied = in_parallel(*[lambda: migrate(url)] * 4)
    assert sorted(applied) == [[], [], [], names]


def test_a_constraint_that_is_told_as_a_refusal_exists(lasting_sale):
    from models.errors import REFUSAL_OF_CONSTRAINT

    sql = "SELECT count(*) FROM pg_class WHERE relname = $name AND relkind = 'i'"
    assert {lasting_sale.one(sql, name=name) for name in REFUSAL_OF_CONSTRAINT} == {1}
