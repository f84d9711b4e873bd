"""Questions that several threads have at the same moment, asked as one: a round trip for many costs little more."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from models.connection import NoAnswerError, take
from models.database import DatabaseUnavailableError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

# So many ask at the same moment. More would share less: with two a purchase of a crowd costs a quarter more.
MOST_ASKING = 1


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
        self._asking = 0

    def __call__(self, question: Question) -> Answer:
        """Return the answer. Raises what `ask` raises for this question alone.

        To wait for the others' answer counts as waiting for the server; raises `DatabaseUnavailableError` when that
        takes longer than this thread may wait.
        """
        place = _Place[Question, Answer](question)
        with self._lock:
            waits = self._asking >= MOST_ASKING
            if waits:
                self._waiting.append(place)
            else:
                self._asking += 1
                place.asks_for = [place]
        # Decided under the lock: whoever is chosen to ask for the others before this line must still take the turn.
        if waits:
            self._await_turn(place)
        if place.asks_for:
            self._ask_for(place.asks_for)
        if place.fault is None:
            return place.answers[0]
        if len(place.asks_for) == 1 or (place.asks_for and isinstance(place.fault, DatabaseUnavailableError)):
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

    def _ask_for(self, places: "Sequence[_Place[Question, Answer]]") -> None:
        """Ask for all of these, and let the first of those who came meanwhile ask next."""
        try:
            for place, answer in zip(places, self._ask([place.question for place in places]), strict=True):
                place.answers.append(answer)
        except Exception as fault:  # noqa: BLE001  # Each of them raises what is his.
            for place in places:
                place.fault = fault
        finally:
            with self._lock:
                following, self._waiting = self._waiting, []
                if following:
                    # In one step: whoever loses patience just now must see that he is to ask.
                    following[0].asks_for = following
                    following[0].turn.release()
                else:
                    self._asking -= 1
            for place in places:
                place.turn.release()


class _Place(Generic[Question, Answer]):
    """One who waits: his question, and, when he has his turn, its answer or the fault, or those he is to ask for."""

    __slots__ = ("answers", "asks_for", "fault", "question", "turn")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.answers: list[Answer] = []
        self.fault: Exception | None = None
        self.asks_for: list[_Place[Question, Answer]] = []
        self.turn = threading.Lock()
        self.turn.acquire()
