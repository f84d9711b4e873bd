"""A broker that dies while a worker's every slot is busy: the worker serves again as soon as the broker is back."""

import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest

from tests.faults import scenes, witness
from tests.faults.book import Book
from tests.faults.chaos import BACK_WITHIN
from tests.faults.stack import Stack, send
from tests.faults.verdict import settle
from tests.waiting import wait_for
from workers.broker import Broker

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


@contextmanager
def _locked_account(stack: Stack, user: str) -> Iterator[Any]:
    """Keep whoever charges the user's points waiting."""
    with closing(psycopg2.connect(stack.service.database_url)) as rival, rival.cursor() as cursor:
        cursor.execute("INSERT INTO point_account VALUES (%s, 0)", (user,))
        rival.commit()
        cursor.execute("SELECT FROM point_account WHERE user_id = %s FOR UPDATE", (user,))
        yield rival


def _somebody_waits(stack: Stack) -> bool:
    with witness.connected(stack) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchall() != [(0,)])


def test_a_broker_killed_while_the_worker_is_busy_leaves_it_able_to_work(tmp_path: Path) -> None:
    user, book = f"fan-{uuid.uuid4().hex}", Book()
    with Stack(tmp_path / "stack", settings={"FRONTROW_POINTS_PROCESSES": "1"}) as stack:
        with _locked_account(stack, user) as rival:
            headers = {"Authorization": f"Bearer {stack.token(user)}"}
            httpx.post(f"{stack.url}/v1/points/charges", json={"amount": 5}, headers=headers, timeout=10)
            until = time.monotonic() + 20
            while not _somebody_waits(stack):
                assert time.monotonic() < until
            send(stack.family("valkey"), signal.SIGKILL)
            rival.rollback()
        # What was in hand is finished while there is no broker to tell.
        assert settle(stack, 10) == 0
        stack.wait_until_ready(30)
        assert scenes.charge(stack, book).status_code == 202
        assert settle(stack, BACK_WITHIN) == 0


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Any]]:
    """A stack, and somebody else at its broker."""
    with Stack(tmp_path_factory.mktemp("poisoned")) as stack:
        yield stack, Broker(stack.service.broker_url, 2.0).client


@pytest.mark.parametrize("poison", [b"no JSON", b"\xff", b"5", b"{}", b'{"body": "x", "properties": {}}'])
def test_a_message_that_is_none_ends_no_worker(poisoned: tuple[Stack, Any], poison: bytes) -> None:
    stack, broker = poisoned
    before = {process.pid for process in stack.family("points")}
    broker.lpush("points", poison)
    wait_for(lambda: broker.llen("points") == 0)
    book = Book()
    assert scenes.charge(stack, book).status_code == 202
    assert settle(stack, 10) == 0
    assert {process.pid for process in stack.family("points")} == before
