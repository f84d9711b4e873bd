"""A web process under more than it carries: the inside first, the outside refused first, and answers put off."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

from tests.integration.api.web_process import REQUEST, ROOT, Web, read, status_of, web
from tests.waiting import wait_for

ONE = {"FRONTROW_WEB_THREADS": "4", "FRONTROW_WEB_RESERVED_THREADS": "1"}
WITHOUT_LANES = ("--worker-class", "bench.floors.fifo_worker.FifoWorker")
CROWD = 40
# Three threads take a fifth of a second for each of the crowd's requests: nearly three seconds for all of them.
QUICK = 1.0
# `graceful_timeout`, after which whoever is left is cut off.
GRACE = 6.0


def asking(path: str, *headers: str) -> bytes:
    """Write a request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: here", *headers, "", ""]).encode()


WAITING = asking("/parked", "Prefer: wait=5")
FOREVER = asking("/parked-for-ever", "Prefer: wait=5")


@contextmanager
def crowd(served: Web, path: bytes = asking("/busy")) -> Iterator[list[socket.socket]]:
    """Let many connections that spoke before ask at once for what takes its time."""
    with ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(CROWD)]
        for connection in connections:
            connection.sendall(REQUEST)
            read(connection)
        for connection in connections:
            connection.sendall(path)
        yield connections


def inside_waits(served: Web) -> float:
    """Return how long a connection of the inside waits for its answer beside a crowd that asked before."""
    with served.connect() as inside:
        inside.sendall(asking("/inside"))
        read(inside)
        with crowd(served):
            begun = monotonic()
            inside.sendall(asking("/inside"))
            read(inside)
            return monotonic() - begun


def test_the_inside_waits_behind_a_crowd_without_lanes_and_not_with_them(tmp_path):
    with web(tmp_path, *WITHOUT_LANES, processes=1, **ONE) as served:
        assert inside_waits(served) > QUICK, "nothing to see without lanes"
    with web(tmp_path, processes=1, **ONE) as served:
        assert inside_waits(served) < QUICK


def test_whoever_waited_too_long_is_refused_and_may_ask_again(tmp_path):
    with web(tmp_path, processes=1, **ONE) as served, crowd(served) as connections:
        answers = [status_of(connection) for connection in connections]
        refused = [number for number, (status, *_) in enumerate(answers) if status == 503]
        assert refused
        assert len(refused) < CROWD
        _, headers, body = answers[refused[0]]
        assert (b'"busy"' in body, headers["connection"]) == (True, "keep-alive")
        again = connections[refused[0]]
        again.sendall(REQUEST)
        assert status_of(again)[0] == 200


def test_while_the_outside_is_refused_the_inside_is_answered(tmp_path):
    with web(tmp_path, processes=1, **ONE) as served, served.connect() as inside:
        inside.sendall(asking("/inside"))
        read(inside)
        with crowd(served) as connections:
            answers = []
            for connection in connections:
                inside.sendall(asking("/inside"))
                assert status_of(inside)[0] == 200
                answers.append(status_of(connection)[0])
        assert 503 in answers


def test_a_request_with_a_body_is_refused_and_its_connection_closed(tmp_path):
    posting = b"POST /busy HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"
    with web(tmp_path, processes=1, **ONE) as served, crowd(served, posting) as connections:
        answers = [status_of(connection) for connection in connections]
        refused = [headers for status, headers, _ in answers if status == 503]
        assert refused
        assert {headers["connection"] for headers in refused} == {"close"}


def test_whoever_watches_over_the_service_is_never_refused(tmp_path):
    with web(tmp_path, processes=1, **ONE) as served, crowd(served), crowd(served), ExitStack() as stack:
        watching = [stack.enter_context(served.connect()) for _ in range(5)]
        for connection in watching:
            connection.sendall(asking("/healthz"))
        assert {status_of(connection)[0] for connection in watching} == {200}


def test_hundreds_wait_for_their_outcome_and_hold_no_thread(tmp_path):
    with web(tmp_path, processes=1, FRONTROW_WEB_WAITING="500") as served, ExitStack() as stack:
        waiting = [stack.enter_context(served.connect()) for _ in range(300)]
        for connection in waiting:
            connection.sendall(FOREVER)
        wait_for(served.answers)
        begun = monotonic()
        assert served.answers()
        assert monotonic() - begun < QUICK
        served.process.terminate()
        # A process that stops keeps nobody waiting: each gets the answer that was put off.
        assert {status_of(connection)[0] for connection in waiting} == {200}


def test_others_are_answered_while_three_hundred_are_parked_and_then_answered_from_elsewhere(tmp_path):
    with web(tmp_path, processes=1, FRONTROW_WEB_WAITING="300") as served, ExitStack() as stack:
        waiting = [stack.enter_context(served.connect()) for _ in range(300)]
        for connection in waiting:
            connection.sendall(WAITING)
        assert all(served.answers() for _ in range(20))
        answers = [status_of(connection) for connection in waiting]
        assert {(status, headers.get("x-parked"), body) for status, headers, body in answers} == {(200, "yes", b"7")}


def test_a_process_that_is_told_to_stop_ends_in_time_though_some_of_those_parked_have_gone(tmp_path):
    with web(tmp_path, processes=1) as served, ExitStack() as stack:
        waiting = [stack.enter_context(served.connect()) for _ in range(40)]
        for connection in waiting:
            connection.sendall(FOREVER)
        # Whatever was sent before this one's request was read before it.
        assert served.answers()
        for gone in waiting[::2]:
            gone.close()
        [pid] = served.processes()
        served.process.terminate()
        begun = monotonic()
        assert {status_of(connection)[2] for connection in waiting[1::2]} == {str(pid).encode()}
        assert served.process.wait(20) == 0
        assert monotonic() - begun < GRACE


def test_above_the_bound_the_answer_comes_at_once(tmp_path):
    with web(tmp_path, processes=1, FRONTROW_WEB_WAITING="2") as served, ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(5)]
        for connection in connections:
            connection.sendall(FOREVER)
        wait_for(lambda: len(answered(connections)) == 3)
        # The two that wait go on waiting while others are answered.
        assert served.answers()
        assert len(answered(connections)) == 3


def answered(connections: list[socket.socket]) -> list[socket.socket]:
    """Return those that an answer has come for."""
    return select.select(connections, [], [], 0)[0]


def test_after_an_answer_that_was_put_off_the_connection_goes_on(tmp_path):
    with web(tmp_path, processes=1) as served, served.connect() as connection:
        for _ in range(3):
            connection.sendall(WAITING)
            status, headers, body = status_of(connection)
            assert (status, headers["x-parked"], headers["connection"], body) == (200, "yes", "keep-alive", b"7")
            connection.sendall(REQUEST)
            assert read(connection) == served.processes()[0]


def test_what_was_sent_ahead_is_answered_after_it(tmp_path):
    with web(tmp_path, processes=1) as served, served.connect() as connection:
        connection.sendall(WAITING + REQUEST + WAITING + REQUEST)
        bodies = [status_of(connection)[2] for _ in range(4)]
        pid = str(served.processes()[0]).encode()
        assert bodies == [b"7", pid, b"7", pid]


def test_an_answer_larger_than_the_sockets_buffers_arrives_whole(tmp_path):
    size = 8_000_000
    with web(tmp_path, processes=1) as served, served.connect() as connection:
        connection.sendall(asking(f"/parked?{size}", "Prefer: wait=5"))
        assert len(status_of(connection)[2]) == size
        connection.sendall(REQUEST)
        assert read(connection) == served.processes()[0]


def test_clients_who_hang_up_while_they_wait_leave_nothing_behind(tmp_path):
    # Ten connections are all there may be: any that were not given back would soon keep everybody out.
    with web(tmp_path, "--worker-connections", "10", processes=1) as served:
        for _ in range(50):
            with served.connect() as connection:
                connection.sendall(WAITING)
        wait_for(served.answers)
        assert served.answers()


def test_clients_who_hang_up_give_their_places_back(tmp_path):
    with web(tmp_path, processes=1, FRONTROW_WEB_WAITING="2") as served, ExitStack() as stack:
        for _ in range(2):
            with served.connect() as gone:
                gone.sendall(FOREVER)
                assert served.answers()
        waiting = stack.enter_context(served.connect())

        def waits() -> bool:
            """Ask again until a place is free; then no answer comes."""
            waiting.sendall(FOREVER)
            if select.select([waiting], [], [], QUICK)[0]:
                status_of(waiting)
                return False
            return True

        wait_for(waits)
        # Whoever did not hang up stays.
        assert served.answers()
        assert not answered([waiting])


def test_a_process_that_is_replaced_lets_those_who_wait_go(tmp_path):
    recycling = ("--max-requests", "10", "--max-requests-jitter", "0")
    with web(tmp_path, *recycling, processes=1) as served, served.connect() as waiting:
        [replaced] = served.processes()
        waiting.sendall(FOREVER)
        wait_for(lambda: served.answers() and replaced not in served.processes())
        assert status_of(waiting)[2] == str(replaced).encode()


def test_idle_connections_of_the_outside_make_room_and_the_inside_stays(tmp_path):
    with web(tmp_path, "--worker-connections", "40", "--keep-alive", "60", processes=1) as served, ExitStack() as stack:
        inside = stack.enter_context(served.connect())
        inside.sendall(asking("/inside"))
        read(inside)
        for _ in range(200):
            stack.enter_context(served.connect())
        with served.connect() as newcomer:
            newcomer.sendall(REQUEST)
            assert read(newcomer) == served.processes()[0]
        inside.sendall(asking("/inside"))
        assert read(inside) == served.processes()[0]


def test_to_make_room_the_longest_idle_are_closed_and_neither_the_inside_nor_newcomers(tmp_path):
    with web(tmp_path, "--worker-connections", "40", "--keep-alive", "60", processes=1) as served, ExitStack() as stack:
        spoke = []
        for path in ("/inside", *["/"] * 29):
            spoke.append(stack.enter_context(served.connect()))
            spoke[-1].sendall(asking(path))
            read(spoke[-1])
        newcomers = [stack.enter_context(served.connect()) for _ in range(8)]
        wait_for(lambda: any(is_closed(connection) for connection in spoke + newcomers))
        assert is_closed(spoke[1])
        assert not any(is_closed(connection) for connection in (spoke[0], spoke[-1], *newcomers))
        spoke[0].sendall(asking("/inside"))
        assert read(spoke[0]) == served.processes()[0]
        newcomers[-1].sendall(REQUEST)
        assert read(newcomers[-1]) == served.processes()[0]


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed a connection on which nothing else is to be read."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""


def test_nonsense_for_the_threads_is_refused_clearly(tmp_path):
    for name, value in (("RESERVED_THREADS", "8"), ("RESERVED_THREADS", "-1"), ("WAITING", "-5")):
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--check-config", "x:y"]
        environment = {**os.environ, f"FRONTROW_WEB_{name}": value}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert f"FRONTROW_WEB_{name} must be" in done.stderr + done.stdout
