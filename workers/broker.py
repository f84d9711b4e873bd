"""The broker's server, asked directly: wake-up marks and signs of life. Bounded in time, never fatal."""

import threading
from time import monotonic

import redis
from redis.commands.core import Script

from settings import Settings

# After the broker did not answer, it is left alone for this long instead of keeping each client waiting.
COOL_DOWN = 2.0


class Broker:
    """A client of the broker's server that would rather say no than wait."""

    def __init__(self, url: str, deadline_seconds: float) -> None:
        """Connect when first asked; `url` is Celery's form (`redis://` or `redis+socket://`)."""
        self.client = redis.Redis.from_url(
            _client_url(url),
            socket_timeout=deadline_seconds,
            socket_connect_timeout=deadline_seconds,
            retry=None,
        )
        self._silent_until = 0.0
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()

    def script(self, text: str) -> Script:
        """Return a Lua script, which the server runs as one step and is told when it does not know it."""
        if text not in self._scripts:
            self._scripts[text] = self.client.register_script(text)
        return self._scripts[text]

    @property
    def is_silent(self) -> bool:
        """Tell whether the broker did not answer a moment ago."""
        return monotonic() < self._silent_until

    def note_silence(self) -> None:
        """Leave the broker alone for a while."""
        with self._lock:
            self._silent_until = monotonic() + COOL_DOWN


_brokers: dict[tuple[str, float], Broker] = {}


def broker_of(settings: Settings) -> Broker:
    """Return this process's one client of the settings' broker."""
    key = (settings.broker_url, settings.broker_deadline_seconds)
    if key not in _brokers:
        _brokers[key] = Broker(*key)
    return _brokers[key]


def _client_url(url: str) -> str:
    """Return the broker's URL as redis-py writes it: Celery says `redis+socket` and `virtual_host`."""
    return url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)
