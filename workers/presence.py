"""Signs of life: every worker says each few seconds which broker queue it serves."""

import threading
from collections import Counter
from collections.abc import Sequence

import redis

from workers.broker import Broker

INTERVAL = 3.0
# A worker that said nothing for this long is taken for dead.
LIFETIME = 10
PREFIX = "frontrow:worker:"


class Presence:
    """Announces one worker process from a thread of its own until it is stopped."""

    def __init__(self, broker: Broker, hostname: str, queues: Sequence[str]) -> None:
        """Prepare; `hostname` is Celery's node name, unique to the process."""
        self._broker = broker
        self._keys = [f"{PREFIX}{queue}:{hostname}" for queue in queues]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Announce from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye, so that readiness knows at once."""
        self._stopped.set()
        try:
            self._broker.client.delete(*self._keys)
        except redis.RedisError:
            return

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                for key in self._keys:
                    self._broker.client.set(key, 1, ex=LIFETIME)
            except redis.RedisError:
                self._broker.note_silence()
            self._stopped.wait(INTERVAL)


def present(broker: Broker) -> dict[str, int]:
    """Return how many live workers serve each broker queue. Raises `redis.RedisError` when the broker is away."""
    keys = broker.client.scan_iter(match=f"{PREFIX}*", count=1000)
    return dict(Counter(key.decode(errors="replace").removeprefix(PREFIX).split(":", 1)[0] for key in keys))
