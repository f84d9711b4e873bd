"""Requests whose answer is put off: decided once, whoever is faster, and written as any other answer."""

import socket
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.wsgi import Response

from api import parking as module
from api.parking import Answer, Decision, Kept, Parked, ParkedError, Parking, as_bytes
from api.preferences import LONGEST_WAIT_SECONDS

HEADERS = [("Content-Type", "application/json"), ("Location", "/v1/tasks/1"), ("Content-Length", "2")]


def response(method: str = "POST") -> Response:
    asked = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    return Response(asked, None, Config())


class Post:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Decision | None] = []

    def __call__(self, kept: Kept, decision: Decision | None) -> None:
        self.sent.append(decision)


@pytest.fixture
def post() -> Post:
    return Post()


def kept() -> Kept:
    return Kept(None, Answer(response(), "202 Accepted", HEADERS, b"{}"))


def parked(post: Post, most: int = 2) -> Parked:
    found = Parking(most, post).park()
    assert found is not None
    return found


def test_an_answer_waits_for_the_connection(post: Post) -> None:
    place = parked(post)
    place.answer("200 OK", {}, b"1")
    assert post.sent == []
    place.keep(kept())
    assert post.sent == [Decision("200 OK", {}, b"1")]


def test_the_connection_waits_for_an_answer(post: Post) -> None:
    place = parked(post)
    place.keep(kept())
    assert post.sent == []
    place.release()
    assert post.sent == [None]


def test_what_is_decided_first_counts(post: Post) -> None:
    place = parked(post)
    place.keep(kept())
    place.answer("200 OK", {}, b"first")
    place.release()
    place.answer("200 OK", {}, b"second")
    assert [decision.body for decision in post.sent if decision] == [b"first"]
    assert len(post.sent) == 1


def race(post: Post) -> None:
    """Decide twice and take the connection over, all at the same moment."""
    place, begin = parked(post), threading.Barrier(3)

    def run(work: Any) -> None:
        begin.wait()
        work()

    works = (lambda: place.answer("200 OK", {}, b""), place.release, lambda: place.keep(kept()))
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_two_threads_one_decides(post: Post) -> None:
    for _ in range(200):
        race(post)
    assert len(post.sent) == 200


def test_no_more_are_parked_than_may_be_and_a_place_comes_free(post: Post) -> None:
    parking = Parking(1, post)
    first = parking.park()
    assert first is not None
    assert parking.park() is None
    first.keep(kept())
    first.release()
    second = parking.park()
    assert second is not None
    parking.leave(second)
    assert parking.park() is not None


@pytest.fixture
def _hasty_switches() -> Iterator[None]:
    """Let threads interrupt each other as often as can be."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def parked_by_many(parking: Parking) -> int:
    """Let several threads ask for places at the same moment; return how many they got."""
    found, begin = list[Parked | None](), threading.Barrier(8)

    def ask() -> None:
        begin.wait()
        found.extend([parking.park() for _ in range(10)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(place is not None for place in found)


@pytest.mark.usefixtures("_hasty_switches")
def test_no_more_are_parked_than_may_be_when_many_ask_at_once(post: Post) -> None:
    assert {parked_by_many(Parking(5, post)) for _ in range(400)} == {5}


def test_closing_answers_whoever_is_parked_but_not_yet_kept_once_the_connection_is_there(post: Post) -> None:
    parking = Parking(1, post)
    place = parking.park()
    assert place is not None
    parking.close()
    assert post.sent == []
    place.keep(kept())
    assert post.sent == [None]


def test_an_answer_and_a_close_at_the_same_moment_are_one_answer(post: Post) -> None:
    for _ in range(200):
        parking, begin = Parking(1, post), threading.Barrier(2)
        place = parking.park()
        assert place is not None
        place.keep(kept())

        def close(parking: Parking = parking, begin: threading.Barrier = begin) -> None:
            begin.wait()
            parking.close()

        thread = threading.Thread(target=close)
        thread.start()
        begin.wait()
        place.answer("200 OK", {}, b"1")
        thread.join()
    assert len(post.sent) == 200


def test_closing_answers_everybody_and_takes_nobody(post: Post) -> None:
    parking = Parking(5, post)
    places = [parking.park() for _ in range(3)]
    for place in places:
        assert place is not None
        place.keep(kept())
    parking.close()
    assert post.sent == [None] * 3
    assert parking.park() is None


def application(*, cancels: bool = False) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        place = environ["frontrow.park"]()
        if cancels:
            place.cancel()
        start_response("202 Accepted", HEADERS)
        return [b"{", b"}"]

    return answer


def test_an_application_that_parks_is_not_answered_yet(post: Post) -> None:
    wrapped, given = Parking(1, post).wrap(application()), response()
    with pytest.raises(ParkedError) as put_off:
        wrapped({"HTTP_PREFER": "wait=1"}, given.start_response)
    assert given.status is None
    assert (put_off.value.answer.status, put_off.value.answer.body) == ("202 Accepted", b"{}")


def test_one_that_thinks_better_of_it_is_answered_as_usual(post: Post) -> None:
    parking, given = Parking(1, post), response()
    body = parking.wrap(application(cancels=True))({"HTTP_PREFER": "wait=1"}, given.start_response)
    assert (b"".join(body), given.status) == (b"{}", "202 Accepted")
    assert parking.park() is not None


def test_who_prefers_nothing_is_offered_nothing(post: Post) -> None:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert "frontrow.park" not in environ
        start_response("200 OK", [])
        return []

    assert list(Parking(1, post).wrap(answer)({}, response().start_response)) == []


def test_a_fault_gives_the_place_back(post: Post) -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["frontrow.park"]()
        raise ZeroDivisionError

    parking = Parking(1, post)
    with pytest.raises(ZeroDivisionError):
        parking.wrap(broken)({"HTTP_PREFER": "wait=1"}, response().start_response)
    assert parking.park() is not None


def lines_of(written: tuple[bytes, bool]) -> tuple[list[str], bytes]:
    head, _, body = written[0].partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


def test_the_kept_answer_is_written_as_it_was() -> None:
    head, body = lines_of(as_bytes(kept().answer, None))
    assert head[0] == "HTTP/1.1 202 Accepted"
    assert {"Location: /v1/tasks/1", "Content-Length: 2", "Connection: keep-alive"} <= set(head)
    assert body == b"{}"


def test_another_answer_changes_and_leaves_out_headers() -> None:
    changes = {"Location": None, "Preference-Applied": "wait"}
    head, body = lines_of(as_bytes(kept().answer, Decision("200 OK", changes, b'{"a": 1}')))
    assert head[0] == "HTTP/1.1 200 OK"
    assert {"Preference-Applied: wait", "Content-Length: 8", "Content-Type: application/json"} <= set(head)
    assert not any(line.startswith("Location") for line in head)
    assert body == b'{"a": 1}'


def test_headers_are_changed_whatever_their_case_and_are_there_once() -> None:
    head, _ = lines_of(as_bytes(kept().answer, Decision("200 OK", {"content-TYPE": "text/plain"}, b"four")))
    assert [line for line in head if line.lower().startswith("content-type")] == ["content-TYPE: text/plain"]
    assert [line for line in head if line.lower().startswith("content-length")] == ["Content-Length: 4"]


def test_the_length_counts_bytes_and_is_told_with_head_too() -> None:
    body = "자리".encode()
    answer = Answer(response("HEAD"), "202 Accepted", HEADERS, b"{}")
    head, sent = lines_of(as_bytes(answer, Decision("200 OK", {}, body)))
    assert "Content-Length: 6" in head
    assert sent == b""


def test_head_is_answered_without_a_body() -> None:
    answer = Answer(response("HEAD"), "200 OK", HEADERS, b"{}")
    assert lines_of(as_bytes(answer, None))[1] == b""


def test_in_place_of_an_answer_that_cannot_be_written_the_kept_one_is() -> None:
    answer = kept().answer
    for name in ("Bad\nName", "X-Value"):
        head, body = lines_of(as_bytes(answer, Decision("200 OK", {name: "v\n"}, b"1")))
        assert (head[0], body) == ("HTTP/1.1 202 Accepted", b"{}")
        assert len([line for line in head if line.startswith("Location")]) == 1


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def parked_on(ours: socket.socket, parking: Parking) -> Parked:
    place = parking.park()
    assert place is not None
    place.keep(Kept(SimpleNamespace(sock=ours), kept().answer))
    return place


def test_who_hung_up_is_swept_out_and_who_waits_or_sends_ahead_is_not(
    post: Post, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    parking = Parking(1, post)
    parked_on(ours, parking)
    parking.sweep()
    theirs.send(b"GET / HTTP/1.1")
    parking.sweep()
    assert (post.sent, parking.park()) == ([], None)
    ours.recv(100)
    theirs.close()
    parking.sweep()
    assert post.sent == [None]
    assert parking.park() is not None


def test_one_that_is_forgotten_is_let_go_in_the_end(
    post: Post, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    parking = Parking(1, post)
    parked_on(pair[0], parking)
    later = module.monotonic() + module.MOST_SECONDS - 1
    monkeypatch.setattr(module, "monotonic", lambda: later)
    parking.sweep()
    assert post.sent == []
    monkeypatch.setattr(module, "monotonic", lambda: later + 2)
    parking.sweep()
    assert post.sent == [None]


def test_nobody_is_forgotten_before_the_longest_preferred_wait_is_over() -> None:
    assert module.MOST_SECONDS > LONGEST_WAIT_SECONDS
