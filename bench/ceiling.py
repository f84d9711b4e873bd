"""Shows how fast the load generator is by itself: against a server that only ever says one thing."""

import asyncio
import multiprocessing
import socket

import uvloop

from bench.load import Client, Load, drive
from cli.sale.wire import request_bytes

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 240\r\n\r\n" + b"x" * 240


class Parrot(asyncio.Protocol):
    """Answers whatever comes, without reading it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio passes it.
        """Say the one thing."""
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


def serve(listener: socket.socket) -> None:
    """Run the parrot on a bound socket until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Parrot, sock=listener)
        await server.serve_forever()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(forever())


def ceiling(seconds: float, clients: int = 32) -> Load:
    """Measure the most requests per second the generator can send and read on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        server.start()
        try:
            request = request_bytes("GET", "/", f"127.0.0.1:{port}", {"Authorization": "Bearer " + "x" * 120})

            async def journey(client: Client) -> None:
                await client.send(request)

            return drive(f"http://127.0.0.1:{port}", journey, clients=clients, seconds=seconds)
        finally:
            server.terminate()
            server.join()
