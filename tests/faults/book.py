"""The fans' book: what the service promised them, what it told them, and where they got no clear answer."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = frozenset({"done", "refused", "failed"})


@dataclass(frozen=True, slots=True)
class Promise:
    """One 202: the task it named, who asked for what, and the key it was asked with."""

    task_id: str
    user: str
    operation: str
    key: str | None
    body: dict[str, Any] | None


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
    # Every 503: what was asked for, the time of day, and from when to when, by the monotonic clock.
    unavailable: list[tuple[str, str, float, float]] = field(default_factory=list)
    # Every answer that came long after the wait its client preferred, the wait itself left out.
    late: list[tuple[str, str, float, float]] = field(default_factory=list)

    def violated(self, sentence: str) -> None:
        """Note a broken promise, with the time, so that it is found in the log."""
        at = time.strftime("%H:%M:%S")
        self.violations.append(f"{at} {sentence}")

    def promised(self, promise: Promise) -> None:
        """Note a 202; one key always stands for one task."""
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
        elif earlier != task:
            self.violated(f"task {task['id']} was told as {earlier} and then as {task}")
        else:
            self.read_again += 1

    def answered(self, kind: str, seconds: float) -> None:
        """Count an answer by kind, and remember the slowest of each kind."""
        self.answers[kind] += 1
        self.slowest[kind] = max(self.slowest.get(kind, 0.0), seconds)

    def figures(self) -> Mapping[str, Any]:
        """Return the run in numbers."""
        waits = sorted(self.waits)
        return {
            "promises": len(self.promises),
            "outcomes told": len(self.told),
            "outcomes read again": self.read_again,
            "outcomes": dict(sorted(self.outcomes.items())),
            "answers": dict(sorted(self.answers.items())),
            "slowest answer, s": {kind: round(seconds, 2) for kind, seconds in sorted(self.slowest.items())},
            "unclear sends": self.unsure.total(),
            "wait for an outcome, s": {
                name: round(waits[min(len(waits) - 1, int(len(waits) * share))], 2)
                for name, share in (("median", 0.5), ("p99", 0.99), ("longest", 1.0))
                if waits
            },
        }
