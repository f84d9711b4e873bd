"""What this process keeps so that it need not be read or written again, together bounded in bytes.

What is used least goes first, and whoever wants it again reads it again.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache

from api.caching import Representation

# Of one process. A hall of 200,000 seats takes 40 MB of it.
MOST_BYTES = 96 * 2**20
# What a key and its place in the table cost besides.
_PLACE = 500


class _Entry(NamedTuple):
    mark: Hashable
    value: Any
    size: int


class Kept:
    """Values by key, each with the mark that it was made under and its size in bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Start with nothing."""
        self._entries: LRUCache[Hashable, _Entry] = LRUCache(most_bytes, getsizeof=lambda entry: entry.size)
        self._lock = Lock()

    def get(self, key: Hashable, mark: Hashable = None) -> Any | None:
        """Return what is kept under a key, if it was made under this very mark."""
        entry = self._entry(key)
        return entry.value if entry is not None and entry.mark == mark else None

    def last(self, key: Hashable) -> Any | None:
        """Return what is kept under a key, whatever it was made under."""
        entry = self._entry(key)
        return entry.value if entry is not None else None

    def keep(self, key: Hashable, value: Any, size: int, mark: Hashable = None) -> None:
        """Keep a value of so many bytes, in the place of what the key had before; what is larger than all room, not."""
        with self._lock:
            self._entries.pop(key, None)
            if size + _PLACE <= self._entries.maxsize:
                self._entries[key] = _Entry(mark, value, size + _PLACE)

    def page(self, key: Hashable, mark: Hashable, write: Callable[[], bytes]) -> Representation:
        """Return an answer, written again only under another mark; the same one while its bytes are the same."""
        page: Representation | None = self.get(key, mark)
        if page is None:
            body, before = write(), self.last(key)
            page = before if before is not None and before.body == body else Representation(body)
            self.keep(key, page, page.most_bytes, mark)
        return page

    @property
    def bytes_kept(self) -> int:
        """How many bytes are kept, as far as those who keep them say so."""
        return int(self._entries.currsize)

    def _entry(self, key: Hashable) -> _Entry | None:
        with self._lock:
            return self._entries.get(key)
