"""Locks of this process behind which somebody waits for the database, so that nobody waits for a lock without end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from models.connection import NoAnswerError, take
from models.database import DatabaseUnavailableError


@contextmanager
def in_turn(lock: threading.Lock) -> Iterator[None]:
    """Hold a lock; come to it no later than if one waited for the database oneself.

    Raises `DatabaseUnavailableError` when those before took too long.
    """
    try:
        take(lock)
    except NoAnswerError as error:
        raise DatabaseUnavailableError(str(error)) from error
    try:
        yield
    finally:
        lock.release()
