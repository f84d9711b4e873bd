"""What the rig changes inside the processes of a stack that it starts; Python runs this file at their start.

FAULTS_POISON        users whose name starts so kill the process that carries out a request of theirs
FAULTS_WITHOUT       guards that are left away, so that the rig can show that it sees the damage
FAULTS_SKEW_SECONDS  how far this process's clock is ahead, for processes whose command line has the words
                     of FAULTS_SKEW_WHO in it

Nothing of this exists in the product: the functions are replaced after their module was imported.
"""

import importlib.abc
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

POISON = os.environ.get("FAULTS_POISON", "")
WITHOUT = os.environ.get("FAULTS_WITHOUT", "").split()
SKEW = float(os.environ.get("FAULTS_SKEW_SECONDS", "0"))
SKEWED = os.environ.get("FAULTS_SKEW_WHO", "workers.app worker")


def _poison(module: ModuleType) -> None:
    """Die in mid-transaction, after neighbours of the same batch were carried out."""
    answer = module._answer

    def deadly(operation: Any, order: Any, *more: Any) -> Any:
        result = answer(operation, order, *more)
        if order.user_id.startswith(POISON):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    module._answer = deadly


def _requests(module: ModuleType) -> None:
    request = module.Request
    if "redelivery" in WITHOUT:
        request.undelivered = staticmethod(lambda before: [])
    if "commit-before-202" in WITHOUT:
        request.write_down = staticmethod(partial(_promise_first, request.write_down))
    if "one-outcome" in WITHOUT:
        request.lock_queued = staticmethod(set)
        unguarded = module.statements.FINISH.replace('AND "status" = %(queued)s', "")
        assert unguarded != module.statements.FINISH  # A patch that no longer fits would show nothing.
        module.statements.FINISH = unguarded


def _promise_first(write_down: Callable[[Any], Any], submissions: Any) -> list[bool]:
    """Promise, and write the rows down a moment later."""

    def write() -> None:
        from models.database import DatabaseUnavailableError, read_session

        with suppress(DatabaseUnavailableError), read_session():
            write_down(submissions)

    threading.Timer(0.01, write).start()
    return [True] * len(submissions)


def _no_clock(module: ModuleType) -> None:
    """Promise without asking the database for its time either, which is due now and then."""
    assert callable(module.check_clock)
    module.check_clock = lambda: None


def _line(module: ModuleType) -> None:
    free = module.Queue._free
    module.Queue._free = lambda self: free(self) + 3


def _nobody_is_told(module: ModuleType) -> None:
    """Finish requests and tell none of those who wait for them."""
    assert callable(module.announce)  # A patch that no longer fits would show nothing.
    module.announce = lambda *_, **__: None


def _nobody_looks(module: ModuleType) -> None:
    """Leave those parked who have waited long enough."""
    assert callable(module.DeferredAnswers._answer_due)
    module.DeferredAnswers._answer_due = lambda _: None


def _nobody_notices_who_has_gone(module: ModuleType) -> None:
    """Leave those parked who have hung up."""
    assert callable(module.Parking.sweep)
    module.Parking.sweep = lambda _: None


PATCHES: dict[str, Callable[[ModuleType], None]] = {}
if POISON:
    PATCHES["workers.batch"] = _poison
if WITHOUT:
    PATCHES["models.request"] = _requests
if "commit-before-202" in WITHOUT:
    PATCHES["models.database"] = _no_clock
if "capacity" in WITHOUT:
    PATCHES["models.queue"] = _line
if "announcements" in WITHOUT:
    PATCHES["workers.outcome_channel"] = _nobody_is_told
if "end-of-wait" in WITHOUT:
    PATCHES["api.deferred_answers"] = _nobody_looks
if "hang-ups" in WITHOUT:
    PATCHES["api.parking"] = _nobody_notices_who_has_gone


class _After(importlib.abc.MetaPathFinder):
    """Calls a patch after its module was executed."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in PATCHES:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_patch(module: ModuleType) -> None:
                execute(module)
                PATCHES[fullname](module)

            spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return spec


def _skew_clock() -> None:
    """Let everything imported from now on see another time. Pony and psycopg2 keep the real class."""
    import datetime as dt
    import time

    import pony.orm  # noqa: F401
    import psycopg2.extensions  # noqa: F401

    real, real_time, ahead = dt.datetime, time.time, dt.timedelta(seconds=SKEW)

    class _Kind(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: Any) -> bool:
            return issubclass(subclass, real)

    class Skewed(real, metaclass=_Kind):  # type: ignore[misc, valid-type]
        """A datetime whose `now` is wrong, and whose instances are the real thing."""

        def __new__(cls, *args: Any, **named: Any) -> Any:
            return real(*args, **named)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + ahead

        @classmethod
        def utcnow(cls) -> Any:
            return real.now(dt.UTC).replace(tzinfo=None) + ahead

        @classmethod
        def fromtimestamp(cls, *args: Any, **named: Any) -> Any:
            return real.fromtimestamp(*args, **named)

    dt.datetime = Skewed  # type: ignore[misc]
    time.time = lambda: real_time() + SKEW


if PATCHES:
    sys.meta_path.insert(0, _After())
if SKEW and SKEWED in " ".join(sys.orig_argv):
    _skew_clock()
