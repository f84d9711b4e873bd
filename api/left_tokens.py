"""Queue tokens that were given up a moment ago, as announced: what was read of the line before still has them."""

from threading import Lock
from time import monotonic

# A snapshot of the line serves half a second; what is read later knows for itself who left.
REMEMBERED_SECONDS = 5.0


class LeftTokens:
    """The ids of tokens that were left within the last seconds, as far as this process was told."""

    def __init__(self) -> None:
        """Start with none."""
        self._left: dict[int, float] = {}
        self._lock = Lock()

    def note(self, token_ids: list[int]) -> None:
        """Note tokens that were given up."""
        if not token_ids:
            return
        now = monotonic()
        with self._lock:
            kept = {token_id: until for token_id, until in self._left.items() if until > now}
            self._left = kept | dict.fromkeys(token_ids, now + REMEMBERED_SECONDS)

    def __contains__(self, token_id: object) -> bool:
        """Tell whether a token is known to have been given up lately."""
        return token_id in self._left
