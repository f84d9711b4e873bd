"""gunicorn as it runs: several processes share the connections, and connections live on from request to request."""

import os
import signal
import socket
from collections import Counter
from contextlib import ExitStack
from statistics import median

from tests.integration.api.told_by import LARGE_BYTES
from tests.integration.api.web_process import CONNECTIONS, REQUEST, Web, answer, read, web
from tests.waiting import wait_for

# An even share is twenty; left to chance, the process that was quickest before is so again and again.
EVEN = 14
TRIES = 10


def usual_share(served: Web) -> float:
    """Return the smaller share as it is most of the time: on a busy machine the emptier process may come too late."""
    return median(served.shares()[0] for _ in range(TRIES))


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


def test_large_answers_that_nobody_reads_cost_nobody_a_thread(tmp_path):
    with web(tmp_path) as served, ExitStack() as stack:
        for _ in range(CONNECTIONS):
            reader = stack.enter_context(served.connect())
            reader.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        for _ in range(8):
            with served.connect() as connection:
                # Each reader had a thread for eight seconds before.
                connection.settimeout(4)
                assert answer(connection)


def test_who_reads_a_large_answer_slowly_gets_all_of_it_and_may_ask_again(tmp_path):
    with web(tmp_path) as served, served.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
            heard = b""
            while b"\r\n\r\n" not in heard:
                heard += connection.recv(100)
            missing = LARGE_BYTES - len(heard.partition(b"\r\n\r\n")[2])
            while missing:
                missing -= len(connection.recv(min(missing, 262_144)))
        assert answer(connection) in served.processes()
