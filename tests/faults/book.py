"""The fans' book: what the service promised them, what it told them, and where they got no clear answer."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = frozenset({"done", "refused", "failed"})


@dataclass(frozen=True, slots=True)
class Promise:
    """One 202, or one 200 to a change: the task it named, who asked for what, and the key it was asked with."""

    task_id: str
    user: str
    operation: str
    key: str | None
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """One `Prefer: wait`: for how many seconds, and after how many the fan hangs up all the same."""

    seconds: int
    hangs_up_after: float | None = None


@dataclass
class Book:
    """Written by fans side by side, read by the verdict at the end. Violations are sentences."""

    promises: dict[str, Promise] = field(default_factory=dict)
    by_key: dict[tuple[str, str, str], str] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Sends (user, operation) that ended in 503 or without an answer: each may have been accepted, once.
    unsure: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    read_again: int = 0
    slowest: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    # The same for those whose outcome came with the answer to the change itself.
    waited_out: list[float] = field(default_factory=list)
    # Every 503 that is not `busy`: what was asked for, the time of day, and from when to when, by the monotonic clock.
    unavailable: list[tuple[str, str, float, float]] = field(default_factory=list)
    # Every answer, or end of patience, of those who preferred to wait: the same, and for how long they preferred to.
    waiting: list[tuple[str, str, float, float, float]] = field(default_factory=list)

    def violated(self, sentence: str) -> None:
        """Note a broken promise, with the time, so that it is found in the log."""
        at = time.strftime("%H:%M:%S")
        self.violations.append(f"{at} {sentence}")

    def promised(self, promise: Promise) -> None:
        """Note what was accepted; one key always stands for one task."""
        self.promises[promise.task_id] = promise
        if promise.key is None:
            return
        earlier = self.by_key.setdefault((promise.user, promise.operation, promise.key), promise.task_id)
        if earlier != promise.task_id:
            self.violated(f"key {promise.key} of {promise.user} stands for the tasks {earlier} and {promise.task_id}")

    def was_told(self, task: dict[str, Any]) -> None:
        """Note an outcome; the first one told is the one for ever."""
        if task["status"] not in TERMINAL:
            if task["id"] in self.told:
                self.violated(f"task {task['id']} was {self.told[task['id']]['status']} and is {task['status']} again")
            return
        earlier = self.told.get(task["id"])
        if earlier is None:
            self.told[task["id"]] = task
            self.outcomes[f"{task['operation']} {task['status']}"] += 1
        elif _lasts(earlier) != _lasts(task):
            self.violated(f"task {task['id']} was told as {earlier} and then as {task}")
        else:
            self.read_again += 1

    def answered(self, kind: str, seconds: float) -> None:
        """Count an answer by kind, and remember the slowest of each kind."""
        self.answers[kind] += 1
        self.slowest[kind] = max(self.slowest.get(kind, 0.0), seconds)

    def figures(self) -> Mapping[str, Any]:
        """Return the run in numbers."""
        return {
            "promises": len(self.promises),
            "outcomes told": len(self.told),
            "outcomes read again": self.read_again,
            "outcomes": dict(sorted(self.outcomes.items())),
            "answers": dict(sorted(self.answers.items())),
            "slowest answer, s": {kind: round(seconds, 2) for kind, seconds in sorted(self.slowest.items())},
            "unclear sends": self.unsure.total(),
            "wait for an outcome, s": _quantiles(self.waits),
            "outcomes with the answer": len(self.waited_out),
            "wait for an outcome with the answer, s": _quantiles(self.waited_out),
        }


def lasting(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without the advice when to ask again, which is of the moment at which it is given."""
    return {name: value for name, value in result.items() if name != "poll_after_seconds"}


def _lasts(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "result": task["result"] and lasting(task["result"])}


def _quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)
        for name, share in (("median", 0.5), ("p99", 0.99), ("longest", 1.0))
        if ordered
    }
