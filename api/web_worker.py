"""gunicorn's thread worker as ours: even shares of the connections, short ways for each, and limits for slow clients.

gunicorn's own reads requests with blocking sockets and no limit, so as many half requests as there are
threads would stop the service for as long as their senders like. And it takes a connection back from the thread that
answered to its main loop, which costs each request a switch between threads that it need not make.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from time import monotonic
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from api.fair_accept import Share
from api.request_frame import note_wait
from api.slow_clients import ANSWER_SECONDS, HEADERS_SECONDS, Watch, close, linger
from api.unreadable import answer_to

# So often a process looks whether others have far fewer connections.
LOOK_SECONDS = 0.5


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
    """The threads that answer, each a connection at a time, in the order in which they spoke."""

    def __init__(self, count: int, serve: Callable[[Any], None]) -> None:
        """Start so many threads that call `serve` with what is put."""
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        self._serve = serve
        self.put = self._waiting.put
        self._threads = [
            threading.Thread(target=self._run, name=f"web-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def shutdown(self, *, wait: bool) -> None:
        """End the threads after what waits for them; gunicorn never waits for them here."""
        del wait
        for _ in self._threads:
            self.put(None)

    def join(self, seconds: float) -> None:
        """Wait until the threads have ended, no longer than so many seconds in all."""
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _run(self) -> None:
        while (connection := self._waiting.get()) is not None:
            self._serve(connection)


class WebWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """The worker class that `gunicorn.conf.py` names."""

    def __init__(self, age: int, *arguments: Any, **options: Any) -> None:
        """Take what gunicorn gives a worker; runs before the fork."""
        self.share = Share(age)
        self._fair: int | None = None
        self._looks_at = 0.0
        super().__init__(age, *arguments, **options)

    def init_process(self) -> None:
        """Start watching in the process that serves."""
        self.watch = Watch()
        self.watch.start()
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop; whoever is being answered then is answered to the end, within his own limit."""
        super().run()
        self.tpool.join(max(0.0, ANSWER_SECONDS - self.cfg.graceful_timeout))

    def get_thread_pool(self) -> Threads:
        """Return the threads that answer."""
        return Threads(self.cfg.threads, self._serve)

    def notify(self) -> None:
        """Tell that this process lives, to gunicorn and to its siblings; called in each round of the main loop."""
        super().notify()
        if self._accepting:
            self.share.tell(self.nr_conns)
        else:
            self.share.leave()
        if monotonic() >= self._looks_at:
            self._looks_at = monotonic() + LOOK_SECONDS
            self._fair = self.share.fair()

    @property
    def max_keepalived(self) -> int:
        """How many connections gunicorn keeps: none while there are more than a fair share.

        Answers end with `Connection: close` then, and their clients come again, to an emptier process.
        """
        return self._most_kept if self._fair is None or self.nr_conns <= self._fair else 0

    @max_keepalived.setter
    def max_keepalived(self, most: int) -> None:
        self._most_kept = most

    def accept(self, listener: Any) -> None:
        """Take a new connection, unless a process that has fewer is quicker."""
        self.share.tell(self.nr_conns)
        self.share.give_way()
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection that may have sent something wait for a thread, and remember since when."""
        conn.queued_at = monotonic()
        self.tpool.put(conn)

    def _serve(self, conn: Any) -> None:
        """Give a connection its turn, and let the main loop listen to it again; runs in a thread."""
        served = Served(partial(self.handle, conn))
        if served.goes_on is True and self.alive:
            # What is done for a connection that goes on can be done from here: it is put into a deque and a poller.
            self.finish_request(conn, served)
        else:
            self.method_queue.defer(self.finish_request, conn, served)

    def _cap_keepalive(self, deadline: float) -> None:
        """Bound how long connections are kept when this worker ends; a thread may put one back meanwhile."""
        for conn in tuple(self.keepalived_conns):
            conn.timeout = min(conn.timeout, deadline)

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it; a connection that has nothing to say yet waits without a thread."""
        if not conn.initialized and not conn.wait_for_data(0):
            return gthread._DEFER  # noqa: SLF001  # The worker's own word for it.
        note_wait(monotonic() - conn.queued_at)
        self.watch.allow(conn.sock, HEADERS_SECONDS)
        try:
            goes_on = super().handle(conn)
        finally:
            self.watch.end(conn.sock)
        if not goes_on:
            conn.close = partial(close, conn.sock)
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers were read."""
        self.watch.allow(conn.sock, ANSWER_SECONDS)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be read, or a fault of the worker's own, in the form of all refusals."""
        del req, addr
        with suppress(OSError):
            util.write_nonblock(client, answer_to(exc))
            linger(client)
