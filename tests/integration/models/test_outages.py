"""A server that does not answer, told from a statement that is slow: who is kept waiting, who is turned away."""

import threading
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from time import monotonic

import psutil
import psycopg2
import pytest

from models import connection, database, outage
from models.connection import take, wait_in_all
from models.database import DatabaseUnavailableError, read_session, rows, write_session
from models.turns import in_turn
from tests.fixtures.parallel import in_parallel

THREADS = 16


@pytest.fixture(autouse=True)
def _impatient(sale, monkeypatch):
    """Let nobody wait for long; and nobody was answered lately, as in a process without any other caller."""
    monkeypatch.setattr(connection, "_default_patience", 0.4)
    monkeypatch.setattr(connection.outage, "_heard_at", float("-inf"))
    yield
    wait_in_all(None)
    connection.outage.is_over()


@contextmanager
def _hung(postgres):
    """Stop every process of the server, as a machine that swaps or a debugger does."""
    parent = psutil.Process(postgres._process.pid)
    stopped = []
    for process in (parent, *parent.children(recursive=True)):
        # A worker of the autovacuum may have ended meanwhile.
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            stopped.append(process)
    try:
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _ask():
    """Return how long a small question took, and whether it was answered."""
    began = monotonic()
    try:
        with read_session():
            rows("SELECT 1")
    except DatabaseUnavailableError:
        return monotonic() - began, False
    return monotonic() - began, True


def _run(*statements):
    with write_session():
        for statement in statements:
            rows(statement)
            connection.outage._heard_at = float("-inf")


def _miss_a_deadline(statement):
    with pytest.raises(DatabaseUnavailableError):
        _run("SET LOCAL lock_timeout = 0", statement)


def test_a_slow_statement_turns_nobody_away(postgres):
    _miss_a_deadline("SELECT pg_sleep(5)")
    assert all(answered for _, answered in in_parallel(*[_ask] * THREADS))


def test_what_was_not_answered_is_not_asked_once_more(monkeypatch):
    missed = []
    monkeypatch.setattr(connection, "_missed", lambda: missed.append(True))
    with pytest.raises(DatabaseUnavailableError, match="no answer"), read_session():
        rows("SELECT pg_sleep(5)")
    assert len(missed) == 1
    assert _ask()[1]


def test_a_lock_that_somebody_holds_turns_nobody_away(sale):
    with closing(psycopg2.connect(connection._target["dsn"])) as rival, rival.cursor() as cursor:
        cursor.execute("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE")
        _miss_a_deadline("SELECT count(*) FROM queue")
        assert all(answered for _, answered in in_parallel(*[_ask] * THREADS))


def test_while_others_are_answered_a_missed_deadline_is_not_even_looked_into(monkeypatch):
    knocks = []
    monkeypatch.setattr(connection.outage, "_answers", lambda: knocks.append(True) or True)
    until = monotonic() + 1

    def go_on_asking():
        while monotonic() < until:
            assert _ask()[1]

    in_parallel(go_on_asking, lambda: _miss_a_deadline("SELECT pg_sleep(5)"))
    assert knocks == []


def test_a_server_that_hangs_holds_nobody_longer_than_a_deadline_and_then_one_at_a_time(postgres, monkeypatch):
    monkeypatch.setattr(outage, "COOL_DOWN", timedelta(seconds=0.3))
    monkeypatch.setattr(outage, "LATELY", timedelta(seconds=0.1))
    in_parallel(*[_ask] * THREADS)
    knock = connection.KNOCK_PATIENCE.total_seconds()
    with _hung(postgres):
        at_first = in_parallel(*[_ask] * THREADS)
        assert not any(answered for _, answered in at_first)
        assert max(seconds for seconds, _ in at_first) < 0.4 + knock + 1
        # Then nobody waits for an answer that is not to be had ...
        assert connection.outage.turns_away()
        assert max(seconds for seconds, _ in in_parallel(*[_ask] * THREADS)) < knock
        # ... but for one at a time who looks whether the server is back.
        threading.Event().wait(0.3)
        looked = [seconds for seconds, answered in in_parallel(*[_ask] * THREADS) if not answered]
        assert len(looked) == THREADS
        assert sum(seconds > knock / 2 for seconds in looked) == 1
    until = monotonic() + 5
    while not _ask()[1]:
        assert monotonic() < until


def test_a_server_that_is_not_there_is_no_server_that_hangs(monkeypatch):
    monkeypatch.setitem(connection._target, "dsn", "postgresql:///frontrow?host=/nonexistent")
    connection.outage.missed()
    assert not connection.outage.turns_away()


def test_all_waits_together_have_a_limit_too(postgres):
    began = monotonic()
    wait_in_all(timedelta(seconds=1))
    with pytest.raises(DatabaseUnavailableError):
        _run(*["SELECT pg_sleep(0.3)"] * 20)
    assert 0.9 < monotonic() - began < 2
    # Who has waited as long as he may does not begin again; others do.
    assert _ask()[1] is False
    assert in_parallel(_ask)[0][1] is True
    wait_in_all(None)
    assert _ask()[1] is True


def test_a_request_that_waits_long_gives_up_no_later_than_its_client():
    now = database.give_up_at()
    wait_in_all(timedelta(seconds=0.1))
    assert database.give_up_at() < now


def test_whoever_waits_behind_others_waits_no_longer_than_for_the_server_itself():
    lock = threading.Lock()
    began = monotonic()
    with lock, pytest.raises(DatabaseUnavailableError), in_turn(lock):
        pass
    assert 0.3 < monotonic() - began < 1
    take(lock)
    assert lock.locked()


def test_an_answer_that_comes_while_somebody_asks_whether_to_wait_breaks_nothing():
    class Flickering(outage.Outage):
        """Is told of an answer each time it is looked at."""

        _is_over = False

        @property
        def _ask_again_at(self):
            self._is_over = not self._is_over
            return float("inf") if self._is_over else None

        @_ask_again_at.setter
        def _ask_again_at(self, moment):
            pass

    assert Flickering(lambda: True).turns_away() is False
