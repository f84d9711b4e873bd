"""The threads of a web process: each answers a connection at a time, the next one by its lane."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from api.lanes import Lanes


class Served:
    """What came of a connection's turn, in the form of the future that gunicorn asks: does it go on, or what fault."""

    __slots__ = ("_fault", "goes_on")

    def __init__(self, serve: Callable[[], Any]) -> None:
        """Give a connection its turn."""
        self._fault: BaseException | None = None
        try:
            self.goes_on = serve()
        except BaseException as fault:  # noqa: BLE001  # As an executor does; gunicorn closes the connection then.
            self.goes_on, self._fault = False, fault

    def result(self) -> Any:
        """Return whether the connection goes on; raises what ended its turn."""
        if self._fault is not None:
            raise self._fault
        return self.goes_on

    @staticmethod
    def cancelled() -> bool:
        """Nobody cancels a turn."""
        return False


class Threads:
    """Some general threads, which serve every lane, and some reserved ones, which serve the inside alone."""

    def __init__(self, general: int, reserved: int, lanes: Lanes, serve: Callable[[Any], None]) -> None:
        """Start the threads; they call `serve` with what is put."""
        self._general, self._reserved, self._lanes, self._serve = general, reserved, lanes, serve
        self.put = lanes.put
        self._threads = [self._thread(f"web-{number}", is_reserved=False) for number in range(general)]
        self._threads += [self._thread(f"web-inside-{number}", is_reserved=True) for number in range(reserved)]
        for thread in self._threads:
            thread.start()

    def shutdown(self, *, wait: bool) -> None:
        """End the threads after what waits for them; gunicorn never waits for them here."""
        del wait
        self._lanes.close(general=self._general, reserved=self._reserved)

    def join(self, seconds: float) -> None:
        """Wait until the threads have ended, no longer than so many seconds in all."""
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _thread(self, name: str, *, is_reserved: bool) -> threading.Thread:
        return threading.Thread(target=self._run, args=(is_reserved,), name=name, daemon=True)

    def _run(self, is_reserved: bool) -> None:  # noqa: FBT001  # A thread's arguments are positional.
        while (connection := self._lanes.get(reserved=is_reserved)) is not None:
            # It may be in another lane, or another thread's hands, when it was served.
            lane = connection.lane
            self._serve(connection)
            self._lanes.done(lane)
