"""Workers whose clock is two minutes off the database's: tickets are sold, and nothing ends early or late."""

import time
from pathlib import Path

import pytest

from tests.faults import witness
from tests.faults.book import Book
from tests.faults.probe import Probe
from tests.faults.stack import Stack
from tests.faults.verdict import judge

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


@pytest.mark.parametrize("seconds", ["120", "-120"])
def test_workers_two_minutes_off_sell_tickets(tmp_path: Path, seconds: str) -> None:
    with Stack(tmp_path / "stack", inside={"FAULTS_SKEW_SECONDS": seconds}) as stack:
        witness.install(stack)
        probe = Probe(stack)
        for _ in range(3):
            probe.buy(time.monotonic() + 30)
        assert judge(stack, Book()) == []
        assert _furthest_off(stack) < 5


def _furthest_off(stack: Stack) -> float:
    """Return how many seconds the workers' times are off at most: those of effects against those of requests."""
    with witness.connected(stack) as cursor:
        # The web, whose clock is right, writes down when a request came; a worker, when it was finished.
        cursor.execute("SELECT max(abs(extract(epoch FROM finished_at - submitted_at))) FROM request")
        [(off,)] = cursor.fetchall()
    return float(off)
