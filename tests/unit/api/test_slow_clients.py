import socket
import threading
from time import monotonic

from api.slow_clients import Watch


def test_a_thread_that_waits_for_a_slow_client_is_freed() -> None:
    ours, theirs = socket.socketpair()
    received: list[bytes] = []
    thread = threading.Thread(target=lambda: received.append(ours.recv(10)))
    with ours, theirs:
        watch = Watch()
        watch.allow(ours, 0)
        thread.start()
        watch.cut_off(monotonic() + 1)
        thread.join(5)
    assert received == [b""]


def test_who_was_served_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = Watch()
        watch.allow(ours, 0)
        watch.end(ours)
        watch.cut_off(monotonic() + 1)
        theirs.sendall(b"next")
        assert ours.recv(10) == b"next"


def test_a_connection_that_closed_meanwhile_is_no_fault() -> None:
    ours, theirs = socket.socketpair()
    watch = Watch()
    watch.allow(ours, 0)
    ours.close()
    theirs.close()
    watch.cut_off(monotonic() + 1)
    watch.end(ours)
    assert watch._until == {}


def test_who_still_has_time_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = Watch()
        watch.allow(ours, 60)
        watch.cut_off(monotonic() + 1)
        theirs.sendall(b"more")
        assert ours.recv(10) == b"more"
