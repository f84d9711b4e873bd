"""A measure: two figures taken in turn, round by round, and what their ratio came to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Figure = Callable[[], float]


@dataclass(slots=True)
class Result:
    """One line of the table. `ratios` has one entry a round; without a floor it holds our own figures.

    `goal` is the least (or with `at_most` the greatest) median that is wanted; None when the figure only informs.
    A `plain` result is held against its goal by our own figure, with the floor's beside it: it is no ratio to draw.
    """

    name: str
    title: str
    unit: str
    goal: float | None = None
    at_most: bool = False
    stretch: float | None = None
    plain: bool = False
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest round."""
        return min(self.ratios), max(self.ratios)

    @property
    def met(self) -> bool:
        """Whether the median reaches the goal."""
        if self.goal is None:
            return True
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        names = ("name", "title", "unit", "goal", "at_most", "stretch", "plain", "ours", "floor", "ratios", "detail")
        return {name: getattr(self, name) for name in names} | {
            "ratio": self.ratio,
            "spread": list(self.spread),
            "met": self.met,
        }


def alternate(result: Result, rounds: int, ours: Figure, floor: Figure) -> Result:
    """Fill a result: each round measures both, and every other round begins with the floor.

    The machine's mood (other work, clock speed) changes slower than a round, so it falls out of the ratio.
    """
    for number in range(rounds):
        if number % 2:
            theirs, own = floor(), ours()
        else:
            own, theirs = ours(), floor()
        result.ours.append(own)
        result.floor.append(theirs)
        result.ratios.append(own / theirs if theirs else float("inf"))
    return result


def alone(result: Result, figures: list[float]) -> Result:
    """Fill a result that has no floor: its figures stand for themselves."""
    result.ours = figures
    result.ratios = figures
    return result


def beside(result: Result, ours: float, floor: float) -> Result:
    """Fill a result whose goal is for our own figure, measured once, with the floor's beside it."""
    result.plain = True
    result.ours, result.floor, result.ratios = [ours], [floor], [ours]
    result.detail["ours ÷ floor"] = round(ours / floor, 4) if floor else None
    return result
