"""The end of the sale, of which all who wait hear at once, as they would from the news."""

import asyncio


class Closing:
    """Is set once, when the sale is over; `sleep` is a wait that ends then."""

    def __init__(self) -> None:
        self._over = False
        self._sleepers: set[asyncio.Future[None]] = set()

    def is_set(self) -> bool:
        """Whether the sale is over."""
        return self._over

    def set(self) -> None:
        """End the sale, and every wait."""
        self._over = True
        for sleeper in self._sleepers:
            _wake(sleeper)

    async def sleep(self, seconds: float) -> None:
        """Wait for so long, or until the sale is over."""
        if self._over or seconds <= 0:
            # Whoever is late still lets others come to their turn.
            await asyncio.sleep(0)
            return
        # One future and one timer: asyncio.timeout around an event's wait takes three times as long, and
        # twenty thousand fans wait again and again.
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, sleeper)
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.discard(sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
