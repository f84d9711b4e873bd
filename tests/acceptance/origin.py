"""A tiny service behind a proxy: it counts, shows what it was sent, and breaks off when it is told to."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any

from api.resources.concerts import LINE_CACHE

LINE = "/v1/queues/1"
UNWELL = {"code": "database_unavailable"}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived, and the number of its connection."""

    method: str
    path: str
    headers: dict[str, str]
    connection: int


class Origin:
    """Whose answers they are: what arrived, how connections ended, and how long a silent one is kept."""

    def __init__(self, silence_seconds: float) -> None:
        self.seen: list[Seen] = []
        # The methods of which the next request gets no answer; and whether every other gets a refusal.
        self.breaks_off: set[str] = set()
        self.unwell = False
        self.silence_seconds = silence_seconds
        self.given_up = 0
        self.ended = 0
        self.connections: list[socket.socket] = []
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.origin = self

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server.server_port}"

    def count(self, method: str, path: str) -> int:
        """Return how often this arrived."""
        return sum((seen.method, seen.path) == (method, path) for seen in self.seen)

    def stop(self) -> None:
        """Listen no more, and end every connection."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_origin(silence_seconds: float = 60.0) -> Iterator[Origin]:
    """Run an origin for the length of a block."""
    origin = Origin(silence_seconds)
    thread = threading.Thread(target=origin.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield origin
    origin.stop()
    thread.join()


class _Server(ThreadingHTTPServer):
    origin: Origin


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.origin = self.server.origin
        self.timeout = self.origin.silence_seconds
        super().setup()

    def handle(self) -> None:
        self.origin.connections.append(self.connection)
        self.number = len(self.origin.connections)
        with suppress(OSError):
            super().handle()
        self.origin.ended += 1

    def do_GET(self) -> None:
        if self._takes():
            public = self.path == LINE
            told: dict[str, Any] = {"made_at": time()} if public else dict(self.headers)
            self._answer(told, LINE_CACHE if public else "no-store")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._takes():
            self._answer(dict(self.headers), "no-store")

    def _takes(self) -> bool:
        self.origin.seen.append(Seen(self.command, self.path, dict(self.headers), self.number))
        if self.command not in self.origin.breaks_off:
            return True
        self.origin.breaks_off.discard(self.command)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
        return False

    def _answer(self, told: dict[str, Any], control: str) -> None:
        status, told = (503, UNWELL) if self.origin.unwell else (200, told)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", control if status == 200 else "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_error(self, *_: object) -> None:
        """Note that it was we who gave up a connection that was silent."""
        self.origin.given_up += 1

    def log_message(self, *_: object) -> None:
        pass
