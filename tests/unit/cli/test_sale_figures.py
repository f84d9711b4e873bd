import itertools
import random

import pytest

from cli.sale.figures import kendall_tau, per_second, percentile


def compared_one_by_one(first: list[float], second: list[float]) -> float | None:
    concordant = discordant = 0
    for (a, b), (c, d) in itertools.combinations(zip(first, second, strict=True), 2):
        concordant += (a - c) * (b - d) > 0
        discordant += (a - c) * (b - d) < 0
    total = concordant + discordant
    return (concordant - discordant) / total if total else None


@pytest.mark.parametrize(
    ("joined", "admitted", "tau"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [5, 5, 6, 6], 1.0),
        ([1, 2, 3], [1, 3, 2], 1 / 3),
        ([1, 2, 3], [7, 7, 7], None),
        ([], [], None),
    ],
)
def test_kendall_tau_of_known_orders(joined: list[float], admitted: list[float], tau: float | None) -> None:
    assert kendall_tau(joined, admitted) == (tau if tau is None else pytest.approx(tau))


def test_kendall_tau_is_what_comparing_every_pair_gives() -> None:
    chance = random.Random(7)
    for size in range(2, 60):
        first = [float(chance.randrange(size)) for _ in range(size)]
        second = [float(chance.randrange(1 + size // 3)) for _ in range(size)]
        expected = compared_one_by_one(first, second)
        found = kendall_tau(first, second)
        assert found == (expected if expected is None else pytest.approx(expected))


def test_kendall_tau_of_different_crowds_is_refused() -> None:
    with pytest.raises(ValueError, match="same fans"):
        kendall_tau([1, 2], [1])


def test_percentiles_are_values_that_occurred() -> None:
    waits = [float(wait) for wait in range(1, 101)]
    random.Random(1).shuffle(waits)
    assert [percentile(waits, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)] == [1.0, 50.0, 95.0, 99.0, 100.0]
    assert percentile([], 0.5) is None


def test_events_per_second_keep_the_empty_seconds() -> None:
    assert per_second([0.1, 0.9, 3.5]) == [(0, 2), (1, 0), (2, 0), (3, 1)]
