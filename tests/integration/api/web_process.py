"""A running gunicorn with our settings and an application of the tests' own."""

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from cli.readiness import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
CONNECTIONS = 40
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Web:
    """A running gunicorn with two processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def answers(self) -> bool:
        """Whether somebody listens."""
        try:
            with self.connect() as connection:
                return bool(answer(connection))
        except OSError:
            return False

    def shares(self) -> list[int]:
        """Open connections one after the other; return how many each process answered, the fewest first."""
        with ExitStack() as stack:
            connections = [stack.enter_context(self.connect()) for _ in range(CONNECTIONS)]
            by_process = Counter(answer(connection) for connection in connections)
        return sorted(by_process.get(pid, 0) for pid in self.processes())

    def processes(self) -> list[int]:
        """Return the ids of the processes that serve."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]


def answer(connection: socket.socket) -> int:
    """Send a request; return the id of the process that answers."""
    connection.sendall(REQUEST)
    return read(connection)


def read(connection: socket.socket) -> int:
    """Read one answer from a connection; return the id of the process that answered."""
    return int(status_of(connection)[2])


def status_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer: status, headers and body."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(1)
        if not more:
            raise ConnectionError("closed before it answered")
        received += more
    first, *lines = received.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    length, body = int(headers.get("content-length", 0)), b""
    while len(body) < length:
        # No more than is its own: another answer may follow at once.
        more = connection.recv(min(length - len(body), 65_536))
        if not more:
            raise ConnectionError("closed in the middle of an answer")
        body += more
    return int(first.split()[1]), headers, body


@contextmanager
def web(tmp_path: Path, *options: str, processes: int = 2, **environ: str) -> Iterator[Web]:
    """Run gunicorn with our settings, and options of its own in place of some of them."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "tests.integration.api.told_by:application"]
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "FRONTROW_WEB_PROCESSES": str(processes)}
    environment |= environ
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        served = Web(process, port)
        wait_for(served.answers)
        wait_for(lambda: len(served.processes()) == processes)
        yield served
    finally:
        process.terminate()
        assert process.wait(20) == 0
