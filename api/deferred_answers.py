"""`Prefer: wait`: answers that are given when the outcome is there, without a thread that waits for it.

A request that waits is parked: its thread goes on to the next one. The workers announce what they finished, a message
a batch; one thread of this process listens, reads all outcomes of a message that somebody here waits for with one
statement, and answers. Whoever waited long enough is answered as if they had not wanted to wait.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import falcon
import redis
import structlog
from pydantic_core import to_json

from api.left_tokens import LeftTokens
from api.task_view import TaskView
from models.database import DatabaseUnavailableError
from models.request import Reader
from workers import outcome_channel
from workers.broker import Broker

# So often it looks for requests that have waited long enough.
LOOK_SECONDS = 0.2
APPLIED = "Preference-Applied"
FINISHED_HEADERS = {APPLIED: "wait", "Location": None, "Retry-After": None}

log = structlog.get_logger(__name__)


class Parked(Protocol):
    """A connection whose answer was put off, as the server offers it (`frontrow.park`)."""

    def answer(self, status: str, changes: dict[str, str | None], body: bytes) -> None:
        """Send another answer than the one put off, with some of its headers changed or (None) left out."""

    def release(self) -> None:
        """Send the answer that was put off."""

    def cancel(self) -> None:
        """Put nothing off; only before the responder has returned."""


class Deferred:
    """One who waits for the outcome of a task."""

    def __init__(self, task_id: UUID, reader: Reader, parked: Parked, until: float) -> None:
        """Keep who waits for which task, where to answer, and until when (monotonic seconds)."""
        self.task_id, self.reader, self.until = task_id, reader, until
        self._parked = parked
        self._lock = threading.Lock()
        self._sent = False
        self._status: int | None = None
        self._count: Callable[[int | None], None] | None = None

    def counted_by(self, count: Callable[[int | None], None]) -> None:
        """Let the answer be counted when it is sent: with its status, or None when it is the one put off."""
        with self._lock:
            self._count = count
            sent, status = self._sent, self._status
        if sent:
            count(status)

    def finish(self, task: dict[str, Any]) -> None:
        """Answer with the finished task."""
        self._parked.answer("200 OK", FINISHED_HEADERS, to_json(task))
        self._note_sent(200)

    def release(self) -> None:
        """Answer as if nobody had wanted to wait."""
        self._parked.release()
        self._note_sent(None)

    def cancel(self) -> None:
        """Answer at once."""
        self._parked.cancel()

    def _note_sent(self, status: int | None) -> None:
        with self._lock:
            self._sent, self._status, count = True, status, self._count
        if count is not None:
            count(status)


class DeferredAnswers:
    """Those of this process who wait for outcomes."""

    def __init__(self, tasks: TaskView, broker: Broker, left: LeftTokens) -> None:
        """Take who shows tasks, where outcomes are announced, and who is told of tokens that were left."""
        self._tasks, self._broker, self._left = tasks, broker, left
        self._lock = threading.Lock()
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._waiting: defaultdict[UUID, list[Deferred]] = defaultdict(list)
        self._listening = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen from now on; called with each request, as it is not known before which process serves."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)
                    self._thread.start()

    @property
    def hears(self) -> bool:
        """Tell whether whatever is announced now is heard here."""
        return self._listening

    def defer(self, req: falcon.Request, task_id: UUID, reader: Reader) -> Deferred | None:
        """Put the answer to a request off until the outcome of a task is there; None where that cannot be.

        To be called before anybody can finish the task. The caller goes on to answer as if nobody wanted to wait.
        """
        park, seconds = req.env.get("frontrow.park"), req.context.get("wait_seconds")
        if park is None or seconds is None or not self._listening:
            return None
        parked = park()
        if parked is None:
            return None
        deferred = Deferred(task_id, reader, parked, monotonic() + seconds)
        with self._lock:
            self._waiting[task_id].append(deferred)
        req.context.deferred = deferred
        return deferred

    def retarget(self, deferred: Deferred, task_id: UUID) -> None:
        """Let somebody wait for another task, which the same Idempotency-Key stood for before."""
        with self._lock:
            self._forget(deferred)
            deferred.task_id = task_id
            self._waiting[task_id].append(deferred)

    def cancel(self, req: falcon.Request, deferred: Deferred | None) -> None:
        """Answer at once after all."""
        if deferred is None:
            return
        with self._lock:
            self._forget(deferred)
        req.context.deferred = None
        deferred.cancel()

    def _forget(self, deferred: Deferred) -> bool:
        others = self._waiting.get(deferred.task_id)
        if others is None or deferred not in others:
            return False
        others.remove(deferred)
        if not others:
            del self._waiting[deferred.task_id]
        return True

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            if not self._broker.is_silent:
                try:
                    self._listen()
                except redis.RedisError:
                    self._broker.note_silence()
                except Exception:
                    log.exception("listening_failed")
                self._listening = False
            self._answer_due()
            pause.wait(LOOK_SECONDS)

    def _listen(self) -> None:
        with outcome_channel.listening(self._broker) as listener:
            # What was finished while nobody listened was announced to nobody.
            self._answer_finished(self._all())
            self._listening = True
            while True:
                announced = listener.next(LOOK_SECONDS)
                if announced is not None:
                    self._left.note(announced.left_token_ids)
                    self._answer_finished(self._of(announced.request_ids))
                self._answer_due()

    def _all(self) -> list[Deferred]:
        with self._lock:
            return [deferred for others in self._waiting.values() for deferred in others]

    def _of(self, task_ids: Sequence[UUID]) -> list[Deferred]:
        with self._lock:
            return [deferred for task_id in task_ids for deferred in self._waiting.get(task_id, ())]

    def _answer_finished(self, waiting: Sequence[Deferred]) -> None:
        """Answer those whose task is finished; a database that is away leaves them waiting."""
        if not waiting:
            return
        with suppress(DatabaseUnavailableError):
            tasks = self._tasks.find_all([(deferred.task_id, deferred.reader) for deferred in waiting])
            for deferred, task in zip(waiting, tasks, strict=True):
                if task is not None and task["status"] != "queued" and self._takes(deferred):
                    deferred.finish(task)

    def _answer_due(self) -> None:
        now = monotonic()
        due = [deferred for deferred in self._all() if deferred.until <= now]
        self._answer_finished(due)
        for deferred in due:
            if self._takes(deferred):
                deferred.release()

    def _takes(self, deferred: Deferred) -> bool:
        """Take somebody from those who wait; False when that was done before."""
        with self._lock:
            return self._forget(deferred)
