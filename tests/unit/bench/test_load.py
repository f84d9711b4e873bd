from collections.abc import Iterator

import pytest

pytest.importorskip("uvloop")

from bench.ceiling import ANSWER
from bench.load import Client, drive
from bench.rig import check
from cli.sale.wire import request_bytes
from tests.fixtures.answering import answering


@pytest.fixture
def parrot() -> Iterator[str]:
    """Answer everything on a thread of its own; returns the address."""
    with answering(ANSWER) as address:
        yield address


async def ask(client: Client) -> None:
    await client.send(request_bytes("GET", "/", client.authority))


def test_a_load_counts_what_was_answered_and_stops_in_time(parrot: str) -> None:
    load = drive(parrot, ask, clients=3, seconds=0.2)
    assert load.completed == load.statuses[200] > 3
    assert load.seconds < 2
    assert load.per_second == load.completed / load.seconds
    assert load.received == load.completed * len(ANSWER)
    assert 0 < load.latency(0.5) <= load.latency(0.99)
    assert load.cpu > 0


def test_a_load_stops_after_so_many_journeys(parrot: str) -> None:
    assert 50 <= drive(parrot, ask, clients=4, seconds=20, at_most=50).completed < 60


@pytest.mark.parametrize(
    ("url", "clients", "seconds"),
    [("http://example.org/", 1, 1), ("http://127.0.0.1:1", 100_000, 1), ("http://127.0.0.1:1", 1, 1e6)],
)
def test_other_machines_and_unbounded_loads_are_refused(url: str, clients: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="load"):
        drive(url, ask, clients=clients, seconds=seconds)


def test_wrong_answers_are_no_measurement(parrot: str) -> None:
    load = drive(parrot, ask, clients=1, seconds=0.05)
    check(load)
    load.statuses[500] += 1
    with pytest.raises(RuntimeError, match="not a measurement"):
        check(load)
