"""A database that says its disk is full: 503s that say when to come again, and nothing accepted is lost or failed.

A trigger says it here, on any machine; `python -m tests.faults.disk` fills a real file system, which takes root.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import scenes, witness
from tests.faults.book import Book
from tests.faults.chaos import BACK_WITHIN
from tests.faults.stack import Stack
from tests.faults.verdict import judge, settle

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


@contextmanager
def _full(stack: Stack, table: str) -> Iterator[None]:
    """Let every INSERT into a table meet a full disk."""
    with witness.connected(stack) as cursor:
        cursor.execute("""
            CREATE OR REPLACE FUNCTION witness.full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$""")
        cursor.execute(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION witness.full_disk()"
        )
        yield
        cursor.execute(f"DROP TRIGGER full_disk ON {table}")


def test_a_full_disk_is_said_to_be_so_and_costs_nobody_his_request(tmp_path: Path) -> None:
    book = Book()
    with Stack(tmp_path / "stack") as stack:
        witness.install(stack)
        with _full(stack, "request"):
            answers = [scenes.charge(stack, book) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert {answer.json()["code"] for answer in answers} == {"database_unavailable"}
        assert "space" not in answers[0].text
        with _full(stack, "point_entry"):
            assert scenes.charge(stack, book).status_code == 202
            assert settle(stack, 3.0) == 1
        assert settle(stack, BACK_WITHIN) == 0
        assert judge(stack, book) == []
