"""gunicorn as it runs: several processes share the connections, and connections live on from request to request."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psutil

from cli.readiness import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
CONNECTIONS = 40
# An even share is twenty; left to chance, the process that was quickest before is so again and again.
EVEN = 14
TRIES = 10
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


def usual_share(served: Web) -> float:
    """Return the smaller share as it is most of the time: on a busy machine the emptier process may come too late."""
    return median(served.shares()[0] for _ in range(TRIES))


def answer(connection: socket.socket) -> int:
    """Send a request; return the id of the process that answers."""
    connection.sendall(REQUEST)
    return read(connection)


def read(connection: socket.socket) -> int:
    """Read one answer from a connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(1)
        if not more:
            raise ConnectionError("closed before it answered")
        received += more
    length = int(received.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(body)


@contextmanager
def web(tmp_path: Path, *options: str, processes: int = 2) -> Iterator[Web]:
    """Run gunicorn with our settings, and options of its own in place of some of them."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "tests.integration.api.told_by:application"]
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "FRONTROW_WEB_PROCESSES": str(processes)}
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


def test_connections_are_shared_evenly(tmp_path):
    with web(tmp_path, "--worker-class", "tests.integration.api.told_by.GreedyWorker") as served:
        assert any(served.shares()[0] < EVEN for _ in range(TRIES)), "nothing to see without the guard"
    with web(tmp_path) as served:
        assert usual_share(served) >= EVEN


def test_a_process_that_was_killed_takes_no_share_with_it(tmp_path):
    with web(tmp_path) as served:
        killed = served.processes()[0]
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: killed not in served.processes() and len(served.processes()) == 2)
        wait_for(served.answers)
        assert usual_share(served) >= EVEN


def test_connections_that_met_in_one_process_part_again(tmp_path):
    with web(tmp_path) as served, ExitStack() as stack:
        frozen, crowded = served.processes()
        os.kill(frozen, signal.SIGSTOP)
        connections = [stack.enter_context(served.connect()) for _ in range(CONNECTIONS)]
        assert {answer(connection) for connection in connections} == {crowded}
        os.kill(frozen, signal.SIGCONT)
        wait_for(lambda: fewest_of(served, stack, connections) >= EVEN)


def fewest_of(served: Web, stack: ExitStack, connections: list[socket.socket]) -> int:
    """Ask on all connections, and anew on those that the server has closed; return the smaller share of the answers."""
    by_process = Counter[int]()
    for place, connection in enumerate(connections):
        try:
            by_process[answer(connection)] += 1
        except OSError:
            connections[place] = stack.enter_context(served.connect())
            by_process[answer(connections[place])] += 1
    return min(by_process.get(pid, 0) for pid in served.processes())


def test_a_process_of_another_worker_class_may_end(tmp_path):
    with web(tmp_path, "--worker-class", "gthread") as served:
        ended = served.processes()[0]
        os.kill(ended, signal.SIGKILL)
        wait_for(lambda: ended not in served.processes() and len(served.processes()) == 2)
        wait_for(served.answers)


def test_a_process_that_is_replaced_answers_what_it_has_in_hand(tmp_path):
    recycling = ("--max-requests", "20", "--max-requests-jitter", "0", "--graceful-timeout", "1")
    with web(tmp_path, *recycling, processes=1) as served, served.connect() as patient:
        [replaced] = served.processes()
        patient.sendall(REQUEST.replace(b"/ ", b"/slow ", 1))
        wait_for(lambda: served.answers() and served.processes() != [replaced])
        assert read(patient) == replaced


def test_a_connection_is_answered_again_and_again_by_whatever_thread(tmp_path):
    with web(tmp_path) as served, ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(CONNECTIONS)]
        first = [answer(connection) for connection in connections]
        for _ in range(20):
            for connection in connections:
                connection.sendall(REQUEST)
            assert [read(connection) for connection in connections] == first


def test_requests_sent_ahead_are_all_answered(tmp_path):
    with web(tmp_path) as served, served.connect() as connection:
        connection.sendall(REQUEST * 5)
        assert len({read(connection) for _ in range(5)}) == 1


def test_a_stop_answers_what_was_sent_and_lets_kept_connections_go(tmp_path):
    with web(tmp_path) as served, ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(CONNECTIONS)]
        for connection in connections:
            answer(connection)
        served.process.terminate()
        for connection in connections:
            assert answer(connection)
        assert all(connection.recv(1) == b"" for connection in connections)
