"""How a process notices that it is under load, and that it no longer is."""

import threading
from collections import Counter

import pytest

from api import pressure as module
from api.pressure import MOST_STRETCHED, Pressure, Refused


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def under(seconds: float, waits: float, clock: Clock, pressure: Pressure) -> None:
    """Let connections wait so long, a hundred a second, for some seconds."""
    for _ in range(int(seconds * 100)):
        clock.now += 0.01
        pressure.note(waits)


def test_an_overload_shows_within_a_second_and_is_forgotten_within_seconds() -> None:
    clock = Clock()
    pressure = Pressure(clock)
    assert pressure.stretch == 1.0
    under(1, 0.5, clock, pressure)
    assert pressure.stretch == MOST_STRETCHED
    under(1, 0.0, clock, pressure)
    assert pressure.stretch > 1.5
    under(15, 0.0, clock, pressure)
    assert pressure.stretch == 1.0


def test_it_fades_when_nobody_comes() -> None:
    clock = Clock()
    pressure = Pressure(clock)
    under(2, 0.5, clock, pressure)
    clock.now += 20
    assert pressure.stretch == 1.0


@pytest.mark.parametrize("waits", [0.0, 0.001, 0.02])
def test_short_waits_are_no_load(waits: float) -> None:
    clock = Clock()
    pressure = Pressure(clock)
    under(5, waits, clock, pressure)
    assert pressure.stretch == 1.0


def test_more_load_stretches_more_and_never_beyond_the_most() -> None:
    seen = []
    for waits in (0.05, 0.1, 0.2, 0.3, 5.0):
        clock = Clock()
        pressure = Pressure(clock)
        under(5, waits, clock, pressure)
        seen.append(pressure.stretch)
    assert seen == sorted(seen)
    assert 1.0 < seen[0] < seen[-1] == MOST_STRETCHED


def test_a_light_load_is_forgotten_within_several_seconds() -> None:
    clock = Clock()
    pressure = Pressure(clock)
    under(2, 0.1, clock, pressure)
    assert pressure.stretch > 1.0
    under(8, 0.0, clock, pressure)
    assert pressure.stretch == 1.0


@pytest.mark.parametrize("waits", [-1.0, 0.0, 1e-9, 0.3, 1e6])
def test_whatever_is_noted_the_stretch_stays_within_its_bounds(waits: float) -> None:
    clock = Clock()
    pressure = Pressure(clock)
    for elapsed in (0.0, 0.0, 5.0, -1.0):
        clock.now += elapsed
        pressure.note(waits)
        assert 1.0 <= pressure.stretch <= MOST_STRETCHED


def test_refusals_of_many_threads_are_all_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    refused, told = Refused(), Counter[str]()

    def refuse() -> None:
        for _ in range(1000):
            refused.note("GET")

    threads = [threading.Thread(target=refuse) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        clock.now += 2
        told += refused.take() or Counter()
    clock.now += 2
    told += refused.take() or Counter()
    assert told == Counter({"GET": 4000})


def test_what_was_refused_is_handed_over_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.now = 100.0
    monkeypatch.setattr(module, "monotonic", clock)
    refused = Refused()
    assert refused.take() is None
    for method in ("GET", "GET", "POST"):
        refused.note(method)
    assert refused.take() == Counter({"GET": 2, "POST": 1})
    refused.note("GET")
    assert refused.take() is None
    clock.now += 1.1
    assert refused.take() == Counter({"GET": 1})


def test_one_long_wait_after_a_quiet_minute_is_no_overload() -> None:
    clock = Clock()
    pressure = Pressure(clock)
    clock.now += 60
    pressure.note(0.31)
    assert 1.0 < pressure.stretch < 1.5
    # Neither are two, a minute apart.
    clock.now += 60
    pressure.note(0.31)
    assert pressure.stretch < 1.5
