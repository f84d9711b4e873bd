import pytest

from api import fair_accept
from api.fair_accept import Share


@pytest.fixture
def waits(monkeypatch):
    """Collect how long processes gave way; nobody else is there at first."""
    found: list[float] = []
    monkeypatch.setattr(fair_accept, "sleep", found.append)
    monkeypatch.setattr(fair_accept, "_counts", [-1] * fair_accept.MOST_PROCESSES)
    return found


def test_who_has_more_gives_way(waits):
    fuller, emptier = Share(1), Share(2)
    fuller.tell(5)
    emptier.tell(4)
    emptier.give_way()
    assert waits == []
    fuller.give_way()
    assert waits == [fair_accept.LEAVE_SECONDS]


def test_nobody_gives_way_to_an_equal_or_to_himself(waits):
    one, other = Share(1), Share(2)
    one.tell(5)
    one.give_way()
    other.tell(5)
    one.give_way()
    assert waits == []


def test_nobody_gives_way_to_one_who_takes_no_more(waits):
    stays, ends = Share(1), Share(2)
    ends.tell(0)
    stays.tell(9)
    ends.leave()
    stays.give_way()
    assert waits == []


@pytest.mark.parametrize(("own", "other", "fair"), [(32, 0, 16), (41, 16, 28), (40, 16, None), (8, 0, None)])
def test_who_has_far_more_keeps_half_of_both(waits, own, other, fair):
    fuller, emptier = Share(1), Share(2)
    fuller.tell(own)
    emptier.tell(other)
    assert fuller.fair() == fair
    assert emptier.fair() is None
    assert waits == []


def test_a_process_alone_keeps_what_it_has(waits):
    alone, ends = Share(1), Share(2)
    alone.tell(500)
    ends.tell(0)
    ends.leave()
    assert alone.fair() is None
    assert waits == []
