"""Witnesses: triggers that write down what must never happen, and a sampler that asks the invariants all the time."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from models import audit
from models.invariants import INVARIANTS
from models.policy import Policy
from tests.faults.book import Book
from tests.faults.stack import Stack

_TRIGGERS = """
CREATE SCHEMA witness;
CREATE TABLE witness.seen (at timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL);

CREATE FUNCTION witness.outcome_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.seen (what)
    VALUES (OLD.operation || ' ' || OLD.id || ' had the outcome ' || OLD.status || ' and was given ' || NEW.status);
    RETURN NEW;
END $$;
CREATE TRIGGER outcome_changed BEFORE UPDATE ON request FOR EACH ROW WHEN (OLD.status <> 'queued')
    EXECUTE FUNCTION witness.outcome_changed();

CREATE FUNCTION witness.request_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.seen (what) VALUES ('request ' || OLD.id || ' vanished while it was ' || OLD.status);
    RETURN OLD;
END $$;
CREATE TRIGGER request_gone BEFORE DELETE ON request FOR EACH ROW EXECUTE FUNCTION witness.request_gone();

CREATE FUNCTION witness.capacity_passed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.seen (what)
    SELECT 'concert ' || q.concert_id || ' had ' || count(*) || ' inside, capacity ' || q.capacity
      FROM queue_token t JOIN queue q USING (concert_id)
     WHERE t.status = 'active' AND t.concert_id IN (SELECT concert_id FROM after WHERE status = 'active')
     GROUP BY q.concert_id HAVING count(*) > q.capacity;
    RETURN NULL;
END $$;
CREATE TRIGGER capacity_passed AFTER UPDATE ON queue_token REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION witness.capacity_passed();
"""

PATIENCE = "-c statement_timeout=8000 -c TimeZone=UTC"


@contextmanager
def connected(stack: Stack) -> Iterator[Any]:
    """A cursor in autocommit on the stack's database. Raises psycopg2.Error or ConnectionError."""
    url = stack.service.database_url
    connection = psycopg2.connect(url, connect_timeout=3, options=PATIENCE, application_name="frontrow-rig")
    with closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def install(stack: Stack) -> None:
    """Put the witnesses into the database; they survive whatever the service survives."""
    with connected(stack) as cursor:
        cursor.execute(_TRIGGERS)


def seen(stack: Stack) -> list[str]:
    """Return what the witnesses saw."""
    with connected(stack) as cursor:
        cursor.execute("SELECT to_char(at, 'HH24:MI:SS.MS') || ' ' || what FROM witness.seen ORDER BY at")
        return [what for (what,) in cursor.fetchall()]


def audit_now(stack: Stack, *, promises_too: bool) -> list[str]:
    """Ask every invariant of the audit in one snapshot; return the violations."""
    now = datetime.now(UTC)
    promised_before = now - (audit.OUTCOME_WITHIN if promises_too else timedelta(days=1))
    parameters = {"now": now, "promised_before": promised_before, "seats": Policy().seats_per_user}
    found = []
    with connected(stack) as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for invariant in INVARIANTS:
            # Written for Pony, which names a parameter $so.
            sql = re.sub(r"\$(\w+)", r"%(\1)s", invariant.violations.replace("%", "%%"))
            cursor.execute(sql, parameters)
            found += [f"{invariant.name}: {text}" for (text,) in cursor.fetchall()]
        cursor.execute("COMMIT")
    return found


class Sampler:
    """Asks the invariants again and again while faults happen, in a thread of its own."""

    def __init__(self, stack: Stack, book: Book) -> None:
        self._stack, self._book = stack, book
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.samples = 0
        self.unanswered = 0
        self._known: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sample under way."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                # During faults a request may wait as long as they do; at the end it may not.
                violations = audit_now(self._stack, promises_too=False)
                self.samples += 1
            except (psycopg2.Error, ConnectionError):
                violations = []
                self.unanswered += 1
            for violation in violations:
                self._known[violation] += 1
                if self._known[violation] == 1:
                    self._book.violated(f"sampler: {violation}")
            self._over.wait(max(1.0, 10 * (time.monotonic() - begun)))
