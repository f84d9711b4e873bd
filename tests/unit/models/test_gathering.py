"""Questions of several threads asked as one: company where there is some, one's own answer, one's own fault."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from models.connection import NoAnswerError, wait_in_all
from models.database import DatabaseUnavailableError
from models.gathering import Gathering, _Place
from tests.fixtures.parallel import in_parallel

PATIENCE = 10.0


class Server:
    """Answers a number with its double, the first time not before `go`; notes what was asked together."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.fails_on: dict[int, Exception] = {}
        self.fails_together: Exception | None = None

    def __call__(self, questions: Sequence[int]) -> list[int]:
        self.asked.append(list(questions))
        if len(self.asked) == 1:
            self.begun.set()
            assert self.go.wait(PATIENCE)
        if len(questions) > 1 and self.fails_together is not None:
            raise self.fails_together
        for question in questions:
            if question in self.fails_on:
                raise self.fails_on[question]
        return [2 * question for question in questions]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr("models.gathering.MOST_ASKING", 1)
    return Server()


def ask_while_the_first_waits(server: Server, gathering: Gathering[int, int], others: Sequence[int]) -> list[Any]:
    """Ask 1, and while that is under way the others; return the answers or faults, the first one's first."""

    def ask(question: int) -> Any:
        try:
            return gathering(question)
        except (ValueError, DatabaseUnavailableError) as fault:
            return fault

    def release() -> None:
        waited = threading.Event()
        while len(gathering._waiting) < len(others):
            waited.wait(0.001)
        server.go.set()

    def later(question: int) -> Any:
        assert server.begun.wait(PATIENCE)
        return ask(question)

    works = [lambda: ask(1), *(lambda question=question: later(question) for question in others), release]
    return in_parallel(*works)[:-1]


def test_who_is_alone_asks_at_once_and_alone(server: Server) -> None:
    server.go.set()
    gathering = Gathering(server)
    assert [gathering(question) for question in (1, 2)] == [2, 4]
    assert server.asked == [[1], [2]]


def test_who_comes_meanwhile_shares_the_next_question(server: Server) -> None:
    assert ask_while_the_first_waits(server, Gathering(server), [2, 3, 4]) == [2, 4, 6, 8]
    assert [sorted(questions) for questions in server.asked] == [[1], [2, 3, 4]]


def test_as_many_as_may_do_ask_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.gathering.MOST_ASKING", 2)
    gathering = Gathering(server)

    def meanwhile() -> int:
        assert server.begun.wait(PATIENCE)
        try:
            return gathering(2)
        finally:
            server.go.set()

    assert in_parallel(lambda: gathering(1), meanwhile) == [2, 4]
    assert server.asked == [[1], [2]]


def test_a_neighbours_fault_is_nobody_elses(server: Server) -> None:
    server.fails_on[3] = ValueError("three")
    answers = ask_while_the_first_waits(server, Gathering(server), [2, 3, 4])
    assert [answers[0], answers[1], answers[3]] == [2, 4, 8]
    assert answers[2] is server.fails_on[3]


def test_whose_leader_lost_patience_asks_himself(server: Server) -> None:
    gathering, fault = Gathering(server), DatabaseUnavailableError("no answer in time")
    server.fails_together = fault
    first, *others = ask_while_the_first_waits(server, gathering, [2, 3])
    assert first == 2
    # Whoever of the two asked for both.
    assert others in ([fault, 6], [4, fault])
    assert gathering(5) == 10  # And whoever comes next is served.


def test_nobody_waits_for_others_longer_than_he_may(server: Server) -> None:
    gathering = Gathering(server)

    def impatient() -> None:
        assert server.begun.wait(PATIENCE)
        wait_in_all(timedelta(seconds=0.05))
        try:
            with pytest.raises(DatabaseUnavailableError):
                gathering(2)
        finally:
            wait_in_all(None)
            server.go.set()

    assert in_parallel(lambda: gathering(1), impatient)[0] == 2
    assert gathering(3) == 6
    assert server.asked == [[1], [3]]


class Turn:
    """A lock that is only given within a step of another one."""

    def __init__(self, step: threading.Lock) -> None:
        self.step, self.given = step, False

    def release(self) -> None:
        assert self.step.locked(), "somebody could lose patience before this"
        self.given = True

    def acquire(self, *, blocking: bool) -> bool:
        assert not blocking
        return self.given


def test_who_loses_patience_as_his_turn_to_ask_comes_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def ask(questions: Sequence[int]) -> list[int]:
        asked.append(list(questions))
        return [2 * question for question in questions]

    gathering = Gathering(ask)
    lost = _Place[int, int](7)
    lost.turn = Turn(gathering._lock)  # type: ignore[assignment]
    gathering._asking = 1
    gathering._waiting.append(lost)

    def too_late(_turn: threading.Lock) -> None:
        # Just now the one who asks hands over.
        gathering._ask_for([_Place(1)])
        raise NoAnswerError

    monkeypatch.setattr("models.gathering.take", too_late)
    gathering._await_turn(lost)
    assert lost.asks_for == [lost]
    lost.turn = threading.Lock()
    lost.turn.acquire()
    gathering._ask_for(lost.asks_for)
    monkeypatch.undo()
    assert gathering(5) == 10
    assert asked == [[1], [7], [5]]


class SlowToLeave:
    """A lock that lets a thread of one's choice out only when the others are through with their question."""

    def __init__(self, lock: threading.Lock, others_are_through: threading.Event) -> None:
        self.lock, self.others_are_through = lock, others_are_through
        self.slow: int | None = None

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        if threading.get_ident() == self.slow:
            self.slow = None
            assert self.others_are_through.wait(PATIENCE)


def test_who_is_chosen_before_beginning_to_wait_answers_for_the_others(server: Server) -> None:
    gathering, through = Gathering(server), threading.Event()
    gathering._lock = slow = SlowToLeave(gathering._lock, through)  # type: ignore[assignment]

    def first() -> int:
        try:
            return gathering(1)
        finally:
            through.set()

    def chosen() -> int:
        assert server.begun.wait(PATIENCE)
        slow.slow = threading.get_ident()
        return gathering(2)

    def follower() -> int:
        waited = threading.Event()
        while len(gathering._waiting) < 1:
            waited.wait(0.001)
        return gathering(3)

    def release() -> None:
        waited = threading.Event()
        while len(gathering._waiting) < 2:
            waited.wait(0.001)
        server.go.set()

    assert in_parallel(first, chosen, follower, release)[:-1] == [2, 4, 6]
    assert server.asked == [[1], [2, 3]]
