"""The load: so many clients in a closed loop for so long, from one process that is not the bottleneck.

Every client keeps one connection and sends its next request when the last one is answered. The
process measures its own CPU time too, so that a report can show what the measuring itself cost.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

from cli.sale.figures import percentile
from cli.sale.wire import Answer, Connection, connect, request_bytes

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MOST_CLIENTS = 1000
MOST_SECONDS = 120.0
# How long the last journeys may take after the time is over; then the load fails with TimeoutError.
OVERTIME = 30.0


@dataclass(slots=True)
class Load:
    """One measured stretch. `latencies` are seconds per completed journey; `cpu` the generator's own seconds."""

    seconds: float = 0.0
    completed: int = 0
    received: int = 0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Completed journeys per second."""
        return self.completed / self.seconds if self.seconds else 0.0

    def latency(self, share: float) -> float:
        """Return a percentile of the journeys' seconds; 0 when there was none."""
        return percentile(self.latencies, share) or 0.0


class Client:
    """One client of a closed loop: its connection, its number, and the load it counts into."""

    def __init__(self, number: int, connection: Connection, authority: str, load: Load) -> None:
        self.number = number
        self.connection = connection
        self.authority = authority
        self.load = load

    async def send(self, request: bytes) -> Answer:
        """Send bytes made by `prepared`; opens the connection anew when the server recycled it."""
        if not self.connection.usable:
            host, _, port = self.authority.rpartition(":")
            self.connection = await connect(host, int(port))
        answer = await self.connection.exchange(request)
        self.load.statuses[answer.status] += 1
        self.load.received += len(answer.head) + 4 + len(answer.body)
        return answer

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send one request that is not worth preparing."""
        return await self.send(request_bytes(method, path, self.authority, headers, body))


Journey = Callable[[Client], Awaitable[None]]


def drive(
    url: str, journey: Journey, *, clients: int, seconds: float, at_most: int | None = None, also: tuple[str, ...] = ()
) -> Load:
    """Run `clients` closed loops of `journey` against a service on this machine; returns what they did.

    Stops after `seconds`, or when `at_most` journeys were begun. The clients are dealt out to `url` and the
    services in `also`. Refuses other machines and
    unbounded loads (ValueError).
    """
    urls = (url, *also)
    if any((urlsplit(each).hostname or "") not in LOOPBACK for each in urls):
        raise ValueError("the load generator only speaks to this machine")
    if not 1 <= clients <= MOST_CLIENTS or not 0 < seconds <= MOST_SECONDS:
        raise ValueError("the load must be bounded")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(_drive(urls, journey, clients, seconds, at_most), seconds + OVERTIME))


async def _drive(urls: tuple[str, ...], journey: Journey, clients: int, seconds: float, at_most: int | None) -> Load:
    load, crowd = Load(), []
    for number in range(clients):
        parts = urlsplit(urls[number % len(urls)])
        connection = await connect(parts.hostname or "", parts.port or 80)
        crowd.append(Client(number, connection, parts.netloc, load))
    gc.collect()
    gc.freeze()
    cpu, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*(_loop(client, journey, started + seconds, at_most) for client in crowd))
    load.seconds, load.cpu = time.perf_counter() - started, time.process_time() - cpu
    gc.unfreeze()
    for client in crowd:
        client.connection.close()
    return load


async def _loop(client: Client, journey: Journey, until: float, at_most: int | None) -> None:
    load = client.load
    while (begun := time.perf_counter()) < until:
        if at_most is not None and load.completed >= at_most:
            return
        try:
            await journey(client)
        except StopAsyncIteration:
            return
        load.completed += 1
        load.latencies.append(time.perf_counter() - begun)
