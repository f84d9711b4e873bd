"""Waiting for a condition instead of a time."""

from collections.abc import Callable
from time import monotonic, sleep


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until the condition holds; fails the test with its name when it does not in time."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"not within {seconds} s"
        sleep(0.05)
