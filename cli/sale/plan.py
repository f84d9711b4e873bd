"""Who comes to a sale, when, and what they are like: drawn from a seed, so that a run can be repeated."""

import random
from dataclasses import dataclass
from enum import StrEnum

LEAVING = 0.05
LETTING_GO = 0.03
PARTY_SIZES = (1, 2, 2, 2, 3, 4)


class Temper(StrEnum):
    """What a fan is going to do when his turn comes, or before."""

    BUYS = "buys"
    LEAVES = "leaves the line"
    LETS_GO = "lets the hold run out"


@dataclass(frozen=True, slots=True)
class FanPlan:
    """One fan. Times are seconds: `arrives` after the opening, `patience` in line, `thinks` before each choice."""

    number: int
    arrives: float
    temper: Temper
    patience: float
    thinks: float
    party: int
    seed: int


def crowd(fans: int, arrive_over: float, seed: int, think: float = 1.0) -> list[FanPlan]:
    """Draw `fans` fans who arrive within `arrive_over` seconds, the most of them early; ordered by arrival."""
    chance = random.Random(seed)
    arrivals = sorted(arrive_over * chance.betavariate(1.2, 2.5) for _ in range(fans))
    return [_fan(number, arrives, chance, think) for number, arrives in enumerate(arrivals, start=1)]


def _fan(number: int, arrives: float, chance: random.Random, think: float) -> FanPlan:
    return FanPlan(
        number=number,
        arrives=arrives,
        temper=_temper(chance.random()),
        patience=chance.uniform(2, 30),
        thinks=think * chance.uniform(0.5, 1.5),
        party=chance.choice(PARTY_SIZES),
        seed=chance.getrandbits(32),
    )


def _temper(drawn: float) -> Temper:
    if drawn < LEAVING:
        return Temper.LEAVES
    return Temper.LETS_GO if drawn < LEAVING + LETTING_GO else Temper.BUYS
