"""gunicorn's thread worker as ours: even shares, lanes, answers that are put off, and limits for slow clients.

What is overridden was read in gunicorn 27.0.1.

gunicorn's own reads requests with blocking sockets and no limit, so as many half requests as there are
threads would stop the service for as long as their senders like. And it takes a connection back from the thread that
answered to its main loop, which costs each request a switch between threads that it need not make.
"""

import socket
import ssl
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import structlog
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from api import lanes
from api.fair_accept import Share
from api.lanes import LONGEST_WAIT_SECONDS, Lane, Lanes
from api.load_shedding import has_body, refusal
from api.parking import Decision, Kept, ParkedError, Parking, as_bytes
from api.pressure import pressure, refused
from api.request_frame import note_wait
from api.slow_clients import ANSWER_SECONDS, HEADERS_SECONDS, Watch, close, linger
from api.unreadable import answer_to, check_single_fields
from api.web_threads import Served, Threads

# So often a process looks whether others have far fewer connections, and whether it has too many of its own.
LOOK_SECONDS = 0.5
# With so many of the connections that gunicorn allows, idle ones of the outside are closed to make room.
CROWDED, ROOMY = 0.9, 0.8
SETTLED_SECONDS = 0.5
# What `handle` returns of a request whose answer was put off.
PARKED = object()
# Whoever watches over the service is answered however late: to be refused here would look like being dead.
NEVER_REFUSED = frozenset({"/healthz", "/readyz", "/metrics"})

log = structlog.get_logger(__name__)


class WebWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """The worker class that `gunicorn.conf.py` names, which also sets these two."""

    # How many of the threads serve those inside alone, and how many answers may be put off at a time.
    reserved_threads = 0
    most_parked = 0
    wsgi: Any

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
        self.parking = Parking(self.most_parked, self._deliver)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and let it put answers off."""
        super().load_wsgi()
        self.wsgi = self.parking.wrap(self.wsgi)

    def run(self) -> None:
        """Serve until told to stop; whoever is being answered then is answered to the end, within his own limit."""
        super().run()
        self.tpool.join(max(0.0, ANSWER_SECONDS - self.cfg.graceful_timeout))

    def get_thread_pool(self) -> Threads:
        """Return the threads that answer."""
        return Threads(self.cfg.threads - self.reserved_threads, self.reserved_threads, self.make_lanes(), self._serve)

    def make_lanes(self) -> Lanes:
        """Return where connections wait for a thread."""
        return Lanes()

    def notify(self) -> None:
        """Tell that this process lives, to gunicorn and to its siblings; called in each round of the main loop."""
        super().notify()
        if self._accepting:
            self.share.tell(self.nr_conns)
        else:
            self.share.leave()
        if not self.alive:
            self.parking.close()
        if monotonic() >= self._looks_at:
            self._looks_at = monotonic() + LOOK_SECONDS
            self._fair = self.share.fair()
            self.parking.sweep()
        if self.nr_conns > CROWDED * self.worker_connections:
            self._make_room()

    def _make_room(self) -> None:
        """Close idle connections of the outside, the longest idle first: those inside must find a way in."""
        surplus = self.nr_conns - int(ROOMY * self.worker_connections)
        # A thread may be about to hand the poller who came back a moment ago.
        settled = monotonic() + self.cfg.keepalive - SETTLED_SECONDS
        idle = [
            conn
            for conn in (*self.pending_conns, *self.keepalived_conns)
            if conn.lane is not Lane.INSIDE and conn.timeout < settled
        ]
        # All have as long, so whose time ends first is idle longest: no newcomer, who may be of the inside.
        idle.sort(key=lambda conn: conn.timeout)
        for conn in idle[: max(0, surplus)]:
            # It may have spoken a moment ago; then it is no longer among those that are idle.
            for conns in (self.pending_conns, self.keepalived_conns):
                with suppress(ValueError):
                    conns.remove(conn)
                    with suppress(OSError, KeyError, ValueError):
                        self.poller.unregister(conn.sock)
                    self.nr_conns -= 1
                    conn.close()

    @property
    def max_keepalived(self) -> int:
        """How many connections gunicorn keeps: none while there are more than a fair share.

        Answers end with `Connection: close` then, and their clients come again, to an emptier process. Those inside are
        kept all the same: as newcomers they would wait among newcomers.
        """
        if lanes.served() is Lane.INSIDE:
            return int(self.worker_connections)
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
        conn.lane = conn.__dict__.get("lane", Lane.NEW)
        self.tpool.put(conn)

    def _serve(self, conn: Any) -> None:
        """Give a connection its turn, and let the main loop listen to it again; runs in a thread."""
        unsent = conn.__dict__.pop("unsent", None)
        served = Served(partial(self._send_rest, conn, unsent) if unsent else partial(self.handle, conn))
        if served.goes_on is PARKED:
            put_off = conn.__dict__.pop("put_off")
            # From here on the connection belongs to the thread that answers.
            put_off.parked.keep(Kept(conn, put_off.answer))
            return
        self._finish(conn, served)

    def _finish(self, conn: Any, served: Served) -> None:
        if served.goes_on is True and self.alive:
            # What is done for a connection that goes on can be done from here: it is put into a deque and a poller.
            self.finish_request(conn, served)
        else:
            self.method_queue.defer(self.finish_request, conn, served)

    def _deliver(self, kept: Kept, decision: Decision | None) -> None:
        """Send an answer that was put off; its caller decided, and is kept no longer than one send takes."""
        conn = kept.connection
        try:
            answer, ends = as_bytes(kept.answer, decision)
        except Exception:
            log.exception("parked_answer_unusable")
            answer, ends = as_bytes(kept.answer, None)
        conn.goes_on = conn.goes_on and not ends
        try:
            sent = 0 if isinstance(conn.sock, ssl.SSLSocket) else conn.sock.send(answer, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The client has gone.
            conn.goes_on, sent = False, len(answer)
        if sent < len(answer):
            conn.unsent, conn.queued_at = answer[sent:], monotonic()
            self.tpool.put(conn)
            return
        if not conn.goes_on:
            conn.close = partial(close, conn.sock)
        self._finish(conn, Served(lambda: conn.goes_on))

    def _send_rest(self, conn: Any, unsent: bytes) -> bool:
        """Send what a client did not take at once, for as long as any answer may take."""
        self.watch.allow(conn.sock, ANSWER_SECONDS)
        try:
            conn.sock.sendall(unsent)
        except OSError:
            conn.goes_on = False
        finally:
            self.watch.end(conn.sock)
        if not conn.goes_on:
            conn.close = partial(close, conn.sock)
        return bool(conn.goes_on)

    def _cap_keepalive(self, deadline: float) -> None:
        """Bound how long connections are kept when this worker ends; a thread may put one back meanwhile."""
        for conn in tuple(self.keepalived_conns):
            conn.timeout = min(conn.timeout, deadline)

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it; a connection that has nothing to say yet waits without a thread."""
        if not conn.initialized and not conn.wait_for_data(0):
            return gthread._DEFER  # noqa: SLF001  # The worker's own word for it.
        waited = monotonic() - conn.queued_at
        note_wait(waited)
        if conn.lane is not Lane.INSIDE:
            pressure.note(waited)
        conn.is_late = waited > LONGEST_WAIT_SECONDS[conn.lane]
        lanes.begin_request(conn.lane)
        self.watch.allow(conn.sock, HEADERS_SECONDS)
        try:
            goes_on = super().handle(conn)
        finally:
            self.watch.end(conn.sock)
            conn.lane = lanes.end_request()
        if "put_off" in conn.__dict__:
            conn.goes_on = goes_on
            return PARKED
        if not goes_on:
            conn.close = partial(close, conn.sock)
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers were read, put its answer off, or refuse it when it waited too long."""
        self.watch.allow(conn.sock, ANSWER_SECONDS)
        check_single_fields(req)
        if conn.is_late and req.path not in NEVER_REFUSED:
            return self._refuse(req, conn)
        try:
            return super().handle_request(req, conn)
        except ParkedError as put_off:
            conn.put_off = put_off
            return True

    def _refuse(self, req: Any, conn: Any) -> bool:
        """Refuse a request quickly; its client may have gone."""
        closes = has_body(req) or req.should_close() or not self.alive
        refused.note(req.method)
        # What was refused is still what it was, so that it is not worse off the next time.
        lanes.note(conn.lane)
        conn.sock.sendall(refusal(req, closes=closes))
        return not closes

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be read, or a fault of the worker's own, in the form of all refusals."""
        del addr
        with suppress(OSError):
            util.write_nonblock(client, answer_to(exc, req and req.method))
            linger(client)
