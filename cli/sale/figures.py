"""Figures about a crowd: percentiles of waiting times, and how fair the line was."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Sequence
from math import ceil


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` (0..1) of the values do not pass; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Kendall's tau of two rankings of the same fans: 1.0 same order, -1.0 reversed, 0 no relation.

    Only pairs that both rankings tell apart are compared: fans admitted in one batch have no order
    among themselves, and nobody was overtaken in it. None when there is no such pair. O(n log n).
    """
    if len(first) != len(second):
        raise ValueError("the two rankings must speak of the same fans")
    tied_both = _tied(list(zip(first, second, strict=True)))
    compared = _pairs(len(first)) - _tied(first) - _tied(second) + tied_both
    if compared == 0:
        return None
    # Sorted by both, ties of the first stand in the second's order, so no inversion is counted among them.
    discordant = _inversions([b for _, b in sorted(zip(first, second, strict=True))])
    return 1 - 2 * discordant / compared


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _tied(values: Sequence[Hashable]) -> int:
    return sum(_pairs(count) for count in Counter(values).values())


def _inversions(values: list[float]) -> int:
    """Count the pairs that stand in the wrong order: halves are sorted, and counted against each other."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    return count + sum(len(left) - bisect_right(left, value) for value in right)


def per_second(moments: Sequence[float], window: float = 1.0) -> list[tuple[float, float]]:
    """Turn moments (seconds since the start) into (time, events per second) steps of `window` seconds."""
    if not moments:
        return []
    counts = Counter(int(moment // window) for moment in moments)
    return [(step * window, counts.get(step, 0) / window) for step in range(max(counts) + 1)]
