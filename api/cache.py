"""A cache of this process for rows, fragments and whole answers, bounded in bytes; the least recently used go first."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache

from api.caching import Representation

# Per process. A hall of 200,000 seats takes 40 MB of it.
MOST_BYTES = 96 * 2**20
# What a key, its place in the table and the objects around the bytes take besides: 1,100 to 1,600 were measured.
_ENTRY_OVERHEAD = 2_000


class _Entry(NamedTuple):
    epoch: Hashable
    value: Any
    size: int


class Cache:
    """Values by key. Each has an epoch, outside of which it is stale, and a size in bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Start empty."""
        self._entries: LRUCache[Hashable, _Entry] = LRUCache(most_bytes, getsizeof=lambda entry: entry.size)
        self._lock = Lock()

    def get(self, key: Hashable, epoch: Hashable = None) -> Any | None:
        """Return the value of a key if it is of this epoch."""
        entry = self._entry(key)
        return entry.value if entry is not None and entry.epoch == epoch else None

    def last(self, key: Hashable) -> Any | None:
        """Return the value of a key, even a stale one."""
        entry = self._entry(key)
        return entry.value if entry is not None else None

    def put(self, key: Hashable, value: Any, size: int, epoch: Hashable = None) -> None:
        """Replace the value of a key by one of `size` bytes. A value larger than the whole cache is not kept."""
        with self._lock:
            self._entries.pop(key, None)
            if size + _ENTRY_OVERHEAD <= self._entries.maxsize:
                self._entries[key] = _Entry(epoch, value, size + _ENTRY_OVERHEAD)

    def page(self, key: Hashable, epoch: Hashable, write: Callable[[], bytes]) -> Representation:
        """Return an answer, written again in another epoch; the same object while its bytes are the same."""
        page: Representation | None = self.get(key, epoch)
        if page is None:
            body, before = write(), self.last(key)
            page = before if before is not None and before.body == body else Representation(body)
            self.put(key, page, page.most_bytes, epoch)
        return page

    @property
    def size(self) -> int:
        """The bytes in use, overheads included."""
        return int(self._entries.currsize)

    def _entry(self, key: Hashable) -> _Entry | None:
        with self._lock:
            return self._entries.get(key)
