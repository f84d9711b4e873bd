"""The schedule: rounds of one to three faults at once, and after each round the service must come back by itself."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.faults.book import Book
from tests.faults.faults import ALONE, FAULTS
from tests.faults.machine import Neighbours
from tests.faults.probe import Probe
from tests.faults.scene import Scene
from tests.faults.stack import Stack

BACK_WITHIN = 15.0
# After that a run is pointless; it is a violation already.
GIVE_UP = 90.0
TOGETHER = 3
# A round without a fault in between, so that the load builds up again.
BREATH = (0.2, 1.5)


@dataclass(frozen=True)
class Recovery:
    """How long the service took to be back (None: too long), and what part of the machine others used meanwhile."""

    took: float | None
    others: float
    what: str

    @property
    def seconds(self) -> float:
        """By the clock on the wall."""
        return GIVE_UP if self.took is None else self.took

    @property
    def of_our_machine(self) -> float:
        """Of a machine that does nothing else: what others used is taken off."""
        return self.seconds * (1 - self.others)

    def told(self) -> str:
        """Return it as words."""
        more = "more than " if self.took is None else ""
        return f"back after {more}{self.seconds:.1f} s ({self.others:.0%} of the machine was others')"


@dataclass
class Chaos:
    """Faults in an order that the seed decides; each kind about as often as any other."""

    stack: Stack
    book: Book
    probe: Probe
    seed: int
    say: Callable[[str], None] = print
    happened: Counter[str] = field(default_factory=Counter)
    recoveries: list["Recovery"] = field(default_factory=list)

    def run(self, count: int) -> None:
        """Let `count` faults happen, in rounds."""
        rng = random.Random(self.seed)
        pending = _drawn(rng, count)
        while pending:
            names = _next_round(rng, pending)
            self._round(rng, names)
            time.sleep(rng.uniform(*BREATH))

    def _round(self, rng: random.Random, names: Sequence[str]) -> None:
        scenes = [Scene(self.stack, random.Random(rng.random())) for _ in names]
        begun = time.monotonic()
        if len(names) == 1:
            FAULTS[names[0]](scenes[0])
        else:
            with ThreadPoolExecutor(len(names)) as threads:
                for done in [threads.submit(FAULTS[name], scene) for name, scene in zip(names, scenes, strict=True)]:
                    done.result()
        self.happened.update(names)
        notes = "; ".join(note for scene in scenes for note in scene.notes)
        what = " + ".join(names) + (f" ({notes})" if notes else "")
        self._expect_recovery(what, time.monotonic() - begun)

    def _expect_recovery(self, what: str, lasted: float) -> None:
        neighbours = Neighbours()
        took = self.probe.recovery(GIVE_UP)
        recovery = Recovery(took, neighbours.share(), what)
        self.recoveries.append(recovery)
        self.say(f"{time.strftime('%H:%M:%S')} {self.happened.total():4d} {what}: {lasted:.1f} s, {recovery.told()}")
        if took is None or recovery.of_our_machine > BACK_WITHIN:
            self.book.violated(f"{recovery.told()} after {what}; last step: {self.probe.step or 'done'}")

    def figures(self) -> dict[str, Any]:
        """Return the run in numbers."""
        ordered = sorted(self.recoveries, key=lambda recovery: recovery.seconds)
        return {
            "faults": self.happened.total(),
            "faults by kind": dict(sorted(self.happened.items())),
            "rounds": len(self.recoveries),
            "median recovery, s": round(ordered[len(ordered) // 2].seconds, 1),
            "longest recovery, s": round(ordered[-1].seconds, 1),
            "longest recovery without the neighbours' share, s": round(max(r.of_our_machine for r in ordered), 1),
            "longest recoveries": [f"{recovery.told()}: {recovery.what}" for recovery in ordered[:-6:-1]],
        }


def _drawn(rng: random.Random, count: int) -> list[str]:
    """Draw every kind once before any is drawn again."""
    drawn: list[str] = []
    while len(drawn) < count:
        drawn += rng.sample(list(FAULTS), len(FAULTS))
    return drawn[:count]


def _next_round(rng: random.Random, pending: list[str]) -> list[str]:
    """Take the next faults off the list: some alone, others two or three at once."""
    names = [pending.pop(0)]
    wanted = rng.choice([1, 1, 2, 2, TOGETHER])
    while len(names) < wanted and pending and not ALONE & {names[0], pending[0]}:
        names.append(pending.pop(0))
    return names
