"""Two works at once, the second let in at the worst moment of the first; with its guards or without."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import psycopg2
import pytest
from pony.orm import core

from models import clock, connection, database

PATIENCE = 20.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


class Duel:
    """Runs `first` to a point, then `second` until it ends or waits for a lock, then both to their ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._reached, self._go_on = threading.Event(), threading.Event()

    def pause_after(self, owner: Any, name: str) -> None:
        """Let the first stop after the function `owner.name` has returned, once."""
        original = getattr(owner, name)
        is_method = isinstance(vars(owner).get(name), classmethod | staticmethod) if isinstance(owner, type) else False

        def paused(*arguments: Any, **options: Any) -> Any:
            answer = original(*arguments, **options)
            if threading.current_thread().name == "first" and not self._reached.is_set():
                self._reached.set()
                assert self._go_on.wait(PATIENCE)
            return answer

        self._patch.setattr(owner, name, staticmethod(paused) if is_method else paused)

    def let_time_pass_for(self, name: str, seconds: float) -> None:
        """Let the first or the second live so much later than the other."""
        now = clock.utcnow

        def time_of_this_thread() -> datetime:
            later = seconds if threading.current_thread().name == name else 0
            return now() + timedelta(seconds=later)

        self._patch.setattr(clock, "utcnow", time_of_this_thread)

    def fight(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """Return what each returned or raised."""
        answers: dict[str, Any] = {}

        def run(name: str, work: Callable[[], Any]) -> None:
            try:
                answers[name] = work()
            except Exception as fault:  # noqa: BLE001  # The test looks at it.
                answers[name] = fault

        threads = {
            name: threading.Thread(target=run, args=(name, work), name=name)
            for name, work in (("first", first), ("second", second))
        }
        threads["first"].start()
        while not self._reached.wait(0.05):
            assert threads["first"].is_alive(), answers
        threads["second"].start()
        self._until_over_or_waiting(threads["second"])
        self._go_on.set()
        for thread in threads.values():
            thread.join(PATIENCE)
            assert not thread.is_alive()
        return answers["first"], answers["second"]

    def _until_over_or_waiting(self, thread: threading.Thread) -> None:
        until = monotonic() + PATIENCE
        with closing(psycopg2.connect(connection._target["dsn"])) as watcher:
            watcher.autocommit = True
            cursor = watcher.cursor()
            while thread.is_alive() and monotonic() < until:
                cursor.execute(WAITING)
                if cursor.fetchone()[0]:
                    return
                thread.join(0.01)


class Guards:
    """What keeps rivals apart, to be taken away by a control test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sale: Any) -> None:
        self._patch, self._sale = monkeypatch, sale

    def drop_locks(self) -> None:
        """Read rows where the product locks them, and overwrite what has changed meanwhile."""
        original = core.EntityMeta.select_by_sql

        def read(entity: Any, sql: str, *scope: Any) -> Any:
            return original(entity, sql.replace(" FOR UPDATE", ""), *scope)

        self._patch.setattr(core.EntityMeta, "select_by_sql", read)
        self._drop_comparisons()

    def _drop_comparisons(self) -> None:
        class Careless(core.DBSessionContextManager):  # type: ignore[misc]
            def __call__(self, **options: Any) -> Any:
                return core.DBSessionContextManager(**options, optimistic=False)

        self._patch.setattr(database, "db_session", Careless())

    def drop_request_lock(self) -> None:
        """Let a request be worked on by many, and its outcome be written again."""
        from models.request import Request

        def queued(ids: Any) -> set[Any]:
            return set(ids)

        def finish(outcomes: Any, now: datetime) -> None:
            from models.database import change

            for outcome in outcomes:
                change(
                    "UPDATE request SET status = 'done', result = '{}', finished_at = $now WHERE id = $id",
                    id=outcome.request_id,
                    now=now,
                )

        self._patch.setattr(Request, "lock_queued", staticmethod(queued))
        self._patch.setattr(Request, "finish", staticmethod(finish))

    def drop_checks(self, table: str) -> None:
        """Drop the CHECKs that tie a status to what goes with it; they refuse what two rivals make of a row."""
        sql = "SELECT conname FROM pg_constraint WHERE conrelid = $table::regclass AND contype = 'c'"
        for (name,) in self._sale.sql(sql, table=table):
            self._sale.sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def drop_index(self, *names: str) -> None:
        """Drop unique indexes or constraints."""
        for name in names:
            sql = "SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = $name"
            table = self._sale.sql(sql, name=name)
            self._sale.sql(f"ALTER TABLE {table[0][0]} DROP CONSTRAINT {name}" if table else f"DROP INDEX {name}")


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch, sale_to_spoil: Any) -> Guards:
    return Guards(monkeypatch, sale_to_spoil)


@pytest.fixture
def duel(monkeypatch: pytest.MonkeyPatch) -> Duel:
    return Duel(monkeypatch)
