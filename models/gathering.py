"""Questions that several threads have at the same moment, asked as one: a round trip for many costs little more."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from models.connection import NoAnswerError, take
from models.database import DatabaseUnavailableError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

# Threads of a process are fewer; it bounds a statement's length whatever their number.
MOST_TOGETHER = 64


class Gathering(Generic[Question, Answer]):
    """Asks for many threads at once.

    A thread that comes while nobody asks does so at once, for itself alone. Those who come meanwhile wait, and the
    first of them then asks for all. So nobody waits for company, and the busier it is the more share a question.
    """

    def __init__(self, ask: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        """Take what answers many questions, in their order, in a session of its own."""
        self._ask = ask
        self._lock = threading.Lock()
        self._waiting: list[_Place[Question, Answer]] = []
        self._under_way = False

    def __call__(self, question: Question) -> Answer:
        """Return the answer. Raises what `ask` raises for this question alone.

        To wait for the others' answer counts as waiting for the server; raises `DatabaseUnavailableError` when that
        takes longer than this thread may wait.
        """
        place = _Place[Question, Answer](question)
        with self._lock:
            self._waiting.append(place)
            leads, self._under_way = not self._under_way, True
        if not leads:
            self._await_turn(place)
            leads = not place.is_settled
        if leads:
            self._lead()
        if place.fault is None:
            return place.answers[0]
        if leads and (place.was_alone or isinstance(place.fault, DatabaseUnavailableError)):
            raise place.fault
        # It may have been a neighbour's question that could not be answered, or his patience that came to its end.
        return self._ask([question])[0]

    def _await_turn(self, place: "_Place[Question, Answer]") -> None:
        try:
            take(place.turn)
        except NoAnswerError as late:
            with self._lock:
                if place.turn.acquire(blocking=False):
                    return
                if place in self._waiting:
                    self._waiting.remove(place)
            raise DatabaseUnavailableError(str(late)) from late

    def _lead(self) -> None:
        """Ask for all who wait, and let the next one lead."""
        with self._lock:
            places, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        try:
            for place, answer in zip(places, self._ask([place.question for place in places]), strict=True):
                place.answers.append(answer)
        except Exception as fault:  # noqa: BLE001  # Each of them raises what is his.
            for place in places:
                place.fault, place.was_alone = fault, len(places) == 1
        finally:
            with self._lock:
                following = self._waiting[:1]
                self._under_way = bool(following)
            for place in (*following, *places):
                place.turn.release()


class _Place(Generic[Question, Answer]):
    """One who waits: his question, and, when he has his turn, its answer or the fault; he leads when he has neither."""

    __slots__ = ("answers", "fault", "question", "turn", "was_alone")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.answers: list[Answer] = []
        self.fault: Exception | None = None
        self.was_alone = False
        self.turn = threading.Lock()
        self.turn.acquire()

    @property
    def is_settled(self) -> bool:
        return bool(self.answers) or self.fault is not None
