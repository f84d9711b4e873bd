"""The cache: stale outside of its epoch, bounded in bytes, the least recently used go first."""

import pytest

from api.cache import Cache


@pytest.fixture
def cache() -> Cache:
    return Cache(10_000)


def test_a_value_is_found_in_its_epoch_alone(cache: Cache) -> None:
    cache.put("a", "value", 10, epoch=1)
    assert cache.get("a", 1) == "value"
    assert cache.get("a", 2) is None
    assert cache.last("a") == "value"
    cache.put("a", "newer", 10, epoch=2)
    assert (cache.get("a", 1), cache.get("a", 2)) == (None, "newer")


def test_what_is_used_least_goes_first_and_the_bound_holds(cache: Cache) -> None:
    for number in range(100):
        cache.put(number, number, 500)
        assert cache.get(0) == 0
        assert cache.size <= 10_000
    assert cache.get(99) == 99
    assert cache.get(1) is None


def test_what_is_larger_than_all_room_is_not_kept_and_drives_nothing_out(cache: Cache) -> None:
    cache.put("small", 1, 10)
    cache.put("large", 2, 10)
    cache.put("large", 3, 20_000)
    assert (cache.get("small"), cache.get("large")) == (1, None)


def test_a_page_is_written_once_an_epoch_and_stays_while_its_bytes_do(cache: Cache) -> None:
    written: list[bytes] = []

    def write(body: bytes) -> bytes:
        written.append(body)
        return body

    first = cache.page("p", 1, lambda: write(b"one"))
    assert cache.page("p", 1, lambda: write(b"two")) is first
    assert cache.page("p", 2, lambda: write(b"one")) is first
    assert cache.page("p", 3, lambda: write(b"two")).body == b"two"
    assert written == [b"one", b"one", b"two"]
