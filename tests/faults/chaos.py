"""The schedule: rounds of one to three faults at once, and after each round the service must come back by itself."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.faults.book import Book
from tests.faults.faults import ALONE, FAULTS, Scene
from tests.faults.probe import Probe
from tests.faults.stack import Stack

BACK_WITHIN = 15.0
# After that a run is pointless; it is a violation already.
GIVE_UP = 90.0
TOGETHER = 3
# A round without a fault in between, so that the load builds up again.
BREATH = (0.2, 1.5)


@dataclass
class Chaos:
    """Faults in an order that the seed decides; each kind about as often as any other."""

    stack: Stack
    book: Book
    probe: Probe
    seed: int
    say: Callable[[str], None] = print
    happened: Counter[str] = field(default_factory=Counter)
    recoveries: list[tuple[float, str]] = field(default_factory=list)

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
        took = self.probe.recovery(GIVE_UP)
        total = self.happened.total()
        self.say(f"{time.strftime('%H:%M:%S')} {total:4d} {what}: {lasted:.1f} s, back after {_told(took)}")
        self.recoveries.append((took if took is not None else GIVE_UP, what))
        if took is None or took > BACK_WITHIN:
            self.book.violated(
                f"back to normal only {_told(took)} after {what}; last step: {self.probe.step or 'done'}"
            )

    def figures(self) -> dict[str, Any]:
        """Return the run in numbers."""
        ordered = sorted(self.recoveries)
        return {
            "faults": self.happened.total(),
            "faults by kind": dict(sorted(self.happened.items())),
            "rounds": len(self.recoveries),
            "median recovery, s": round(ordered[len(ordered) // 2][0], 2),
            "longest recoveries, s": [[round(seconds, 2), what] for seconds, what in ordered[:-6:-1]],
        }


def _told(seconds: float | None) -> str:
    return f"more than {GIVE_UP:.0f} s" if seconds is None else f"{seconds:.1f} s"


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
