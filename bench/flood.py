"""A flood: clients that poll without a pause, from a process of their own, so that it is not the measure's."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import uvloop

from bench.load import LOOPBACK, MOST_CLIENTS, MOST_SECONDS
from cli.sale.wire import connect, request_bytes

# A client that was turned away comes again after so many seconds: a flood, not a fork bomb.
AFTER_A_FAULT = 0.05
Counts = Counter[str]


@contextmanager
def flooded(
    url: str, path: str, bearers: Sequence[dict[str, str]], *, clients: int, seconds: float
) -> Iterator[Counter[str]]:
    """Flood a service on this machine during the block; afterwards the counter holds answers by status, and faults.

    Ends with the block, or after `seconds` when that takes longer. Refuses other machines and unbounded floods.
    """
    if (urlsplit(url).hostname or "") not in LOOPBACK or clients > MOST_CLIENTS or seconds > MOST_SECONDS:
        raise ValueError("a flood must be bounded, and only goes to this machine")
    counts: Counter[str] = Counter()
    fork = multiprocessing.get_context("fork")
    told, tells = fork.Pipe()
    requests = [request_bytes("GET", path, urlsplit(url).netloc, bearer) for bearer in bearers]
    process = fork.Process(target=_run, args=(url, requests, clients, seconds, tells), daemon=True)
    process.start()
    try:
        yield counts
    finally:
        told.send("enough")
        if told.poll(10):
            counts.update(told.recv())
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()


def _run(url: str, requests: list[bytes], clients: int, seconds: float, tells: Connection) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        counts = runner.run(_flood(url, requests, clients, seconds, tells))
    tells.send(dict(counts))


async def _flood(url: str, requests: list[bytes], clients: int, seconds: float, tells: Connection) -> Counter[str]:
    counts: Counter[str] = Counter()
    started = time.monotonic()
    polling = [asyncio.create_task(_poll(url, requests, number, counts)) for number in range(clients)]
    while time.monotonic() < started + seconds and not tells.poll():  # noqa: ASYNC110 - the word comes by a pipe.
        await asyncio.sleep(0.05)
    for task in polling:
        task.cancel()
    await asyncio.gather(*polling, return_exceptions=True)
    counts["seconds"] = round(time.monotonic() - started)
    return counts


async def _poll(url: str, requests: list[bytes], number: int, counts: Counter[str]) -> None:
    parts, turn, connection = urlsplit(url), number * 37, None
    while True:
        try:
            if connection is None or not connection.usable:
                connection = await connect(parts.hostname or "", parts.port or 80)
            answer = await connection.exchange(requests[turn % len(requests)])
            counts[str(answer.status)] += 1
        except ConnectionError:
            counts["faults"] += 1
            await asyncio.sleep(AFTER_A_FAULT)
        turn += 1
