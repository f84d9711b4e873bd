"""The rig's own measure of a 503: what counts, what does not, and what is too long."""

from itertools import pairwise

import pytest

from tests.faults import lateness
from tests.faults.lateness import Downtime, Lateness, Shares


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        ([], 10.0),
        ([[1.0, 3.0]], 8.0),
        ([[-5.0, 2.0], [9.0, 20.0]], 7.0),
        ([[1.0, 4.0], [2.0, 3.0], [3.5, 6.0]], 5.0),
        ([[20.0, 30.0], [-9.0, -1.0]], 10.0),
        ([[4.0, float("inf")]], 4.0),
        ([[-1.0, 11.0]], 0.0),
    ],
)
def test_the_time_that_web_was_down_is_taken_off_once(spans: list[list[float]], left: float) -> None:
    assert Downtime(spans).without(0.0, 10.0) == pytest.approx(left)


def test_what_others_used_of_the_machine_is_taken_off() -> None:
    shares = Shares()
    shares._samples = [(0.0, 2.0, 0.5), (2.0, 4.0, 0.9), (4.0, 6.0, 0.1)]
    assert shares.of(1.0, 3.0) == pytest.approx(0.7)
    assert shares.of(7.0, 8.0) == 0.0
    assert Lateness(Downtime(), shares).weigh("a read", "12:00:00", 0.0, 2.0).of_our_machine == pytest.approx(1.0)


def test_a_503_that_took_too_long_is_a_violation_and_one_in_time_is_none() -> None:
    scales = Lateness(Downtime([[0.0, 4.0]]), Shares())
    found = [scales.weigh("a read", "12:00:00", 0.0, ended) for ended in (4.0, 9.5, 10.5)]
    assert [round(one.fairly, 1) for one in found] == [0.0, 5.5, 6.5]
    [sentence] = lateness.violations(found)
    assert "6.5 s" in sentence
    assert lateness.figures(found)["above 5 s, of all"] == 2
    assert lateness.figures([])["by the clock"] == 0.0


def test_who_prefers_to_wait_is_answered_within_that_and_what_a_503_may_take() -> None:
    shares = Shares()
    shares._samples = [(0.0, 100.0, 0.5)]
    scales = Lateness(Downtime([[20.0, 24.0]]), shares)
    in_time = scales.weigh("a charge", "12:00:00", 0.0, 15.0, 10.0)
    assert (in_time.of_our_machine, in_time.is_late) == (pytest.approx(12.5), False)
    while_web_was_down = scales.weigh("a charge", "12:00:00", 18.0, 27.0, 1.0)
    assert (while_web_was_down.fairly, while_web_was_down.is_late) == (pytest.approx(5.0), False)
    late = scales.weigh("a charge", "12:00:00", 0.0, 14.0, 1.0)
    assert late.is_late
    assert "a charge was answered after 14.0 s, 7.5 s of our machine" in late.told()
    assert lateness.figures([in_time, late])["by the clock"] == 13.0


def test_the_machine_is_sampled_until_it_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "SAMPLE_SECONDS", 0.05)
    shares = Shares()
    shares.start()
    while len(shares._samples) < 2:
        pass
    shares.stop()
    assert all(0.0 <= share <= 1.0 for _, _, share in shares._samples)
    assert all(end <= start for (_, end, _), (start, _, _) in pairwise(shares._samples))
