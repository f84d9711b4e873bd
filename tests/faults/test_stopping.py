"""A worker that is told to stop while a child of its pool hangs: it goes all the same, and the next one serves."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults import scenes
from tests.faults.book import Book
from tests.faults.chaos import BACK_WITHIN
from tests.faults.stack import Stack, send
from tests.faults.verdict import settle

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path / "stack") as found:
        yield found


def test_a_worker_is_gone_in_time_although_its_pool_hangs(stack: Stack) -> None:
    worker, pool, begun = stack.main("points"), stack.pool("points"), time.monotonic()
    assert worker is not None
    assert pool
    send(pool, signal.SIGSTOP)
    send([worker], signal.SIGTERM)
    assert psutil.wait_procs([worker], timeout=BACK_WITHIN)[1] == []
    stack.wait_until_ready(BACK_WITHIN)
    assert scenes.charge(stack, Book()).status_code == 202
    assert settle(stack, BACK_WITHIN) == 0
    assert time.monotonic() - begun < 2 * BACK_WITHIN
