"""Figures about a crowd: percentiles of waiting times, and how fair the line was."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Sequence
from math import ceil, sqrt


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` (0..1) of the values do not pass; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Kendall's tau-b of two rankings of the same fans: 1.0 same order, -1.0 reversed, 0 no relation.

    Ties are taken out of the denominator, as fans admitted in one batch have no order among
    themselves. None when a ranking does not tell any two fans apart. O(n log n) by merge sort.
    """
    if len(first) != len(second):
        raise ValueError("the two rankings must speak of the same fans")
    pairs = _pairs(len(first))
    tied_first, tied_second = _tied(first), _tied(second)
    tied_both = _tied(list(zip(first, second, strict=True)))
    if pairs in (tied_first, tied_second):
        return None
    ordered = [b for _, b in sorted(zip(first, second, strict=True))]
    discordant = _inversions(ordered)
    concordant_less_discordant = pairs - tied_first - tied_second + tied_both - 2 * discordant
    return concordant_less_discordant / sqrt((pairs - tied_first) * (pairs - tied_second))


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _tied(values: Sequence[Hashable]) -> int:
    return sum(_pairs(count) for count in Counter(values).values())


def _inversions(values: list[float]) -> int:
    """Count the pairs that stand in the wrong order, by sorting halves and counting while merging."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    position = 0
    merged = sorted(values)
    left.sort()
    for value in sorted(right):
        position = bisect_right(left, value, position)
        count += len(left) - position
    values[:] = merged
    return count


def per_second(moments: Sequence[float], window: float = 1.0) -> list[tuple[float, float]]:
    """Turn moments (seconds since the start) into (time, events per second) steps of `window` seconds."""
    if not moments:
        return []
    counts = Counter(int(moment // window) for moment in moments)
    return [(step * window, counts.get(step, 0) / window) for step in range(max(counts) + 1)]
