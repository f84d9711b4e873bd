import asyncio
import resource
from collections.abc import Awaitable, Callable

import pytest

from cli.sale import connections, descriptors
from cli.sale.connections import HELD, IDLE, PATIENCE, QUICK, Origin, Outside, Own, Pool
from cli.sale.wire import request_bytes

LOOK = request_bytes("GET", "/", "h")
JOIN = request_bytes("POST", "/", "h", {"Prefer": "wait=10"})


async def _serve(answers: list[bytes]) -> tuple[asyncio.Server, str, list[int], list[int]]:
    """Start a server that gives each request the next of the answers; counts the connections it took and ended."""
    connections: list[int] = []
    ended: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(len(connections))
        while answers:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            answer = answers.pop(0)
            writer.write(answer)
            if not answer or b"close" in answer:
                break
        writer.close()
        ended.append(len(ended))

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    return server, f"http://{host}:{port}", connections, ended


def _ok(extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + extra + b"\r\nok"


def test_a_connection_is_used_again_until_the_server_closes_it() -> None:
    async def scenario() -> list[int]:
        server, url, connections, _ = await _serve([_ok(), _ok(b"Connection: close\r\n"), _ok()])
        origin = Origin(url)
        pool = Pool(origin, size=1)
        async with server:
            for _ in range(3):
                assert (await pool.exchange(request_bytes("GET", "/", pool.authority))).body == b"ok"
            origin.close()
        return connections

    assert len(asyncio.run(scenario())) == 2


def test_a_server_that_goes_away_is_a_connection_error() -> None:
    async def scenario() -> None:
        server, url, _, _ = await _serve([b""])
        origin = Origin(url)
        pool = Pool(origin, size=1)
        async with server:
            with pytest.raises(ConnectionError):
                await pool.exchange(request_bytes("GET", "/", pool.authority))
            origin.close()

    asyncio.run(scenario())


def _asked(scenario: Callable[[Outside, list[int]], Awaitable[None]], most: int = 100_000) -> int:
    """Run a scenario against a server that answers everything; return how many connections were opened."""

    async def run() -> int:
        server, url, opened, ended = await _serve([_ok()] * 50)
        outside = Outside(url, most)
        async with server:
            await scenario(outside, opened)
            outside.shut()
            while len(ended) < len(opened):  # noqa: ASYNC110  # The server's tasks end in a moment.
                await asyncio.sleep(0)
        return len(opened)

    return asyncio.run(run())


def test_those_inside_have_a_connection_of_their_own_and_keep_it() -> None:
    async def scenario(outside: Outside, opened: list[int]) -> None:
        fans = [outside.own(), outside.own()]
        for _ in range(3):
            for way in (*fans, outside):
                await way.exchange(LOOK)
        assert len(opened) == 3
        for way in fans:
            way.close()
        assert len(outside.origin.open) == 1

    assert _asked(scenario) == 3


def test_requests_that_are_held_open_never_take_the_connections_of_quick_ones() -> None:
    async def scenario(outside: Outside, opened: list[int]) -> None:
        await outside.exchange(JOIN)
        await outside.exchange(LOOK)
        assert (len(outside.held.idle), len(outside.quick.idle)) == (1, 1)

    assert _asked(scenario) == 2


def test_a_pool_opens_no_more_than_its_size() -> None:
    async def scenario(outside: Outside, opened: list[int]) -> None:
        pool = Pool(outside.origin, 4)
        await asyncio.gather(*(pool.exchange(LOOK) for _ in range(20)))

    assert _asked(scenario) <= 4


def test_where_descriptors_are_few_those_inside_share_with_the_others() -> None:
    async def scenario(outside: Outside, opened: list[int]) -> None:
        ways = [outside.own() for _ in range(10)]
        assert [type(way) for way in ways] == [Own] * 5 + [Outside] * 5
        ways[0].close()
        assert type(outside.own()) is Own
        assert outside.held.places._value + outside.quick.places._value <= 5

    _asked(scenario, most=9)
    assert HELD + QUICK <= 512


@pytest.mark.parametrize(("waits", "after", "error"), [(True, PATIENCE, TimeoutError), (False, IDLE, None)])
def test_connections_that_wait_or_idle_for_too_long_are_closed(
    *, waits: bool, after: float, error: type[BaseException] | None
) -> None:
    async def scenario() -> None:
        origin = Origin("http://127.0.0.1:1")
        connection = connections.Connection()
        connection.transport = Transport()  # type: ignore[assignment]
        origin.open.add(connection)
        asked = asyncio.ensure_future(connection.exchange(LOOK))
        await asyncio.sleep(0)
        if not waits:
            connection.data_received(_ok())
        connection.since -= after - 0.5
        origin.look()
        assert connection.usable
        connection.since -= 1
        origin.look()
        assert not connection.usable
        assert origin.open == set()
        if error is None:
            assert (await asked).body == b"ok"
        else:
            with pytest.raises(error):
                await asked
        origin.close()

    asyncio.run(scenario())


class Transport:
    """Stands for an open socket."""

    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.mark.parametrize(
    ("limits", "allowed", "room"),
    [((256, 4096), True, 4096 - 64), ((1024, 1024), True, 960), ((1024, 4096), False, 960)],
)
def test_the_limit_of_descriptors_is_raised_where_that_is_allowed(
    *, limits: tuple[int, int], allowed: bool, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [limits]

    def raised(_: int, wanted: tuple[int, int]) -> None:
        if not allowed:
            raise ValueError("not allowed to raise the limit")
        now[0] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: now[0])
    monkeypatch.setattr(resource, "setrlimit", raised)
    assert descriptors.raised() == room
