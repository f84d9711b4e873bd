"""What a process keeps to answer again: under its mark, bounded in bytes, the least used goes first."""

import pytest

from api.kept import Kept


@pytest.fixture
def kept() -> Kept:
    return Kept(10_000)


def test_a_value_is_found_under_its_mark_alone(kept: Kept) -> None:
    kept.keep("a", "value", 10, mark=1)
    assert kept.get("a", 1) == "value"
    assert kept.get("a", 2) is None
    assert kept.last("a") == "value"
    kept.keep("a", "newer", 10, mark=2)
    assert (kept.get("a", 1), kept.get("a", 2)) == (None, "newer")


def test_what_is_used_least_goes_first_and_the_bound_holds(kept: Kept) -> None:
    for number in range(100):
        kept.keep(number, number, 500)
        assert kept.get(0) == 0
        assert kept.bytes_kept <= 10_000
    assert kept.get(99) == 99
    assert kept.get(1) is None


def test_what_is_larger_than_all_room_is_not_kept_and_drives_nothing_out(kept: Kept) -> None:
    kept.keep("small", 1, 10)
    kept.keep("large", 2, 10)
    kept.keep("large", 3, 20_000)
    assert (kept.get("small"), kept.get("large")) == (1, None)


def test_a_page_is_written_once_under_a_mark_and_stays_while_its_bytes_do(kept: Kept) -> None:
    written: list[bytes] = []

    def write(body: bytes) -> bytes:
        written.append(body)
        return body

    first = kept.page("p", 1, lambda: write(b"one"))
    assert kept.page("p", 1, lambda: write(b"two")) is first
    assert kept.page("p", 2, lambda: write(b"one")) is first
    assert kept.page("p", 3, lambda: write(b"two")).body == b"two"
    assert written == [b"one", b"one", b"two"]
