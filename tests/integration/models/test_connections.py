"""What a lost or hung connection may do: no lost update, no hang, nothing accepted in silence."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from pony.orm import core, db_session

from models import clock, connection, database
from models.database import DatabaseUnavailableError, change, read_session, rows, write_session
from models.statements import Prepared


@pytest.fixture
def account(sale):
    """A user with 100 points."""
    sale.done("points.charge", "a", amount=100)
    return "a"


@contextmanager
def _outside(url):
    found = psycopg2.connect(url)
    found.autocommit = True
    try:
        yield found.cursor()
    finally:
        found.close()


def _kill_own_backend(url):
    [(pid,)] = rows("SELECT pg_backend_pid()")
    with _outside(url) as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def _charge_while_the_connection_is_lost(url, user):
    """Read under a lock, lose the connection and with it the lock, let a rival charge, and write."""
    from models.points import PointAccount

    account = PointAccount.locked(user)
    read = account.balance
    _kill_own_backend(url)
    with _outside(url) as rival:
        rival.execute("UPDATE point_account SET balance = balance + 7 WHERE user_id = %s", (user,))
    change("UPDATE point_account SET balance = $balance WHERE user_id = $user", balance=read + 1, user=user)


@pytest.fixture
def url(sale):
    return connection._target["dsn"]


def test_control_as_pony_reconnects_by_itself_the_rivals_update_is_lost(sale, account, url, monkeypatch):
    monkeypatch.setattr(core.SessionCache, "reconnect", connection._pony_reconnect)
    with write_session():
        _charge_while_the_connection_is_lost(url, account)
    assert sale.balance(account) == 101


def test_a_transaction_whose_connection_is_lost_ends_there(sale, account, url):
    with pytest.raises(DatabaseUnavailableError), write_session():
        _charge_while_the_connection_is_lost(url, account)
    assert sale.balance(account) == 107


def test_what_was_locked_is_compared_all_the_same(sale, account, url, monkeypatch):
    # The fence behind the fence: an entity's UPDATE compares what was read, so even after a reconnect nothing is lost.
    from models.points import PointAccount

    monkeypatch.setattr(core.SessionCache, "reconnect", connection._pony_reconnect)

    def charge():
        with db_session(immediate=True):
            found = PointAccount.locked(account)
            found.balance += 1
            _kill_own_backend(url)
            with _outside(url) as rival:
                rival.execute("UPDATE point_account SET balance = balance + 7 WHERE user_id = %s", (account,))

    with pytest.raises(core.TransactionError):
        charge()
    assert sale.balance(account) == 107


def test_between_transactions_a_lost_connection_is_replaced_unseen(sale, url):
    with read_session():
        _kill_own_backend(url)
    assert sale.accept("points.charge", "a", amount=5).replayed is False
    with read_session():
        _kill_own_backend(url)
    assert sale.drain("points.charge") == 1
    assert sale.balance("a") == 5


def test_connections_lost_one_after_the_other_are_said_to_be_so(sale, monkeypatch):
    # As if each new connection were lost right after it was taught the statement.
    monkeypatch.setattr(Prepared, "_teach", lambda self: None)
    statement = Prepared("never_taught", "bigint", "SELECT $1")
    with pytest.raises(DatabaseUnavailableError), read_session():
        statement.rows(1)


def test_a_transaction_may_begin_with_a_prepared_statement_on_a_connection_that_was_lost(sale, url):
    from models.queue_token import QueueToken

    with read_session():
        assert QueueToken.standing(1) is None
        _kill_own_backend(url)
    with write_session():
        assert QueueToken.standing(1) is None
        change("INSERT INTO point_account VALUES ('a', 5)")
    assert sale.balance("a") == 5


def test_a_request_whose_worker_lost_its_connection_is_carried_out_once(sale, url, time, monkeypatch):
    task = sale.tasks["points.charge"]
    original, killed = task.operate, []

    def operate(orders):
        answers = original(orders)
        if not killed:
            killed.append(True)
            core.flush()
            _kill_own_backend(url)
        return answers

    monkeypatch.setattr(task, "operate", operate)
    request_id = sale.accept("points.charge", "a", amount=5).id
    with pytest.raises(DatabaseUnavailableError):
        sale.drain("points.charge")
    assert sale.task(request_id, "a")["status"] == "queued"
    time.tick(timedelta(seconds=6))
    sale.drain("points.charge")
    assert sale.task(request_id, "a")["status"] == "done"
    assert sale.balance("a") == 5


def test_a_commit_that_hangs_is_not_taken_for_done_or_undone(sale, account, url):
    # The row is what tells: whether or not the commit came through, it says so once.
    with _outside(url) as rival:
        rival.execute("BEGIN")
        rival.execute("LOCK TABLE point_entry IN ACCESS EXCLUSIVE MODE")
        request_id = sale.accept("points.charge", account, amount=5).id
        with pytest.raises(DatabaseUnavailableError), database.patience(timedelta(seconds=0.3)):
            sale.drain("points.charge")
        rival.execute("ROLLBACK")
    with write_session():
        change("UPDATE request SET due_at = submitted_at")
    sale.drain("points.charge")
    assert sale.task(request_id, account)["status"] == "done"
    assert sale.balance(account) == 105


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT balance FROM point_account"])
def test_a_server_that_is_away_is_said_to_be_so(sale, monkeypatch, sql):
    refused = []

    def ask():
        try:
            with read_session():
                rows(sql)
        except DatabaseUnavailableError as away:
            refused.append(away)

    # A thread of its own has no connection yet and must make one.
    connect = psycopg2.connect
    monkeypatch.setattr(psycopg2, "connect", lambda **_: connect("postgresql:///frontrow?host=/nonexistent"))
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(refused) == 1


def test_a_clock_that_is_off_is_set_right_by_the_databases(sale, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(minutes=2)

    for module in (clock, database):
        monkeypatch.setattr(module, "datetime", Ahead)
    monkeypatch.setattr(clock, "_offset", timedelta(0))
    monkeypatch.setattr(database, "_clock_checked_at", None)
    assert clock.utcnow() - datetime.now(UTC) > timedelta(seconds=119)
    sale.done("points.charge", "a", amount=1)
    assert abs(clock.utcnow() - datetime.now(UTC)) < timedelta(seconds=1)
    measured = clock._offset
    database.check_clock()
    assert clock._offset is measured


def test_a_clock_that_is_right_within_the_error_of_the_question_is_left_alone(sale):
    database.check_clock()
    assert clock._offset == timedelta(0)
