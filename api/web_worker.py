"""gunicorn's thread worker as ours: even shares, lanes, answers that are put off, and limits for slow clients.

What is overridden was read in gunicorn 27.0.1.

gunicorn's own reads requests with blocking sockets and no limit, so as many half requests as there are
threads would stop the service for as long as their senders like. And it takes a connection back from the thread that
answered to its main loop, which costs each request a switch between threads that it need not make.
"""

import socket
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from api import lanes
from api.arrival import BodyTooLargeError, Look, TooSlowError, look, look_encrypted
from api.crowding import make_room
from api.fair_accept import Share
from api.lanes import LONGEST_WAIT_SECONDS, Lane, Lanes
from api.leftovers import ClientSocket
from api.load_shedding import NEVER_REFUSED, refuse
from api.parking import Decision, Kept, ParkedError, Parking, as_bytes
from api.pressure import pressure
from api.request_frame import note_wait
from api.slow_clients import ANSWER_SECONDS, HEADERS_SECONDS, Watch, close
from api.unreadable import answer_to, check_single_fields
from api.web_threads import Served, Threads

# So often a process looks whether others have far fewer connections, and whether it has too many of its own.
LOOK_SECONDS = 0.5
# What `handle` returns of a request whose answer was put off, and of one that has not arrived in whole.
PARKED, DEFER = object(), gthread._DEFER  # noqa: SLF001  # The worker's own word for it.


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
        # Connections that are answered although their request is not read to its end.
        self._unread: set[socket.socket] = set()
        super().__init__(age, *arguments, **options)

    def init_process(self) -> None:
        """Start watching in the process that serves."""
        self.watch = Watch()
        self.watch.start()
        # What is encrypted is sent by the thread that answers.
        self.parking = Parking(0 if self.cfg.is_ssl else self.most_parked, self._deliver)
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
        make_room(self)

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
        if "lane" not in conn.__dict__:
            conn.lane = Lane.NEW
            if not self.cfg.is_ssl:
                conn.sock = ClientSocket(conn.sock)
        self.tpool.put(conn)

    def _serve(self, conn: Any) -> None:
        """Give a connection its turn, and let the main loop listen to it again; runs in a thread."""
        served = Served(partial(self.handle, conn))
        if served.goes_on is PARKED:
            put_off = conn.__dict__.pop("put_off")
            # From here on the connection belongs to the thread that answers.
            put_off.parked.keep(Kept(conn, put_off.answer))
        elif served.goes_on is not DEFER and getattr(conn.sock, "unsent", None):
            conn.goes_on = bool(served.goes_on)
            self._send_on(conn, conn.sock.take_unsent())
        else:
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
        answer, ends = as_bytes(kept.answer, decision)
        conn.goes_on = conn.goes_on and not ends
        try:
            sent = conn.sock.send(answer, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The client has gone.
            conn.goes_on, sent = False, len(answer)
        if sent < len(answer):
            self._send_on(conn, answer[sent:])
        else:
            self._end_turn(conn)

    def _send_on(self, conn: Any, rest: bytes) -> None:
        """Let what a client did not take at once be sent when it does, for as long as any answer may take."""

        def done(is_sent: bool) -> None:  # noqa: FBT001  # It is called back with nothing else.
            conn.goes_on = conn.goes_on and is_sent
            self._end_turn(conn)

        self.watch.leftovers.send(conn.sock, rest, ANSWER_SECONDS, done)

    def _end_turn(self, conn: Any) -> None:
        if not conn.goes_on:
            conn.close = partial(self._end, conn.sock)
        self._finish(conn, Served(lambda: conn.goes_on))

    def _cap_keepalive(self, deadline: float) -> None:
        """Bound how long connections are kept when this worker ends; a thread may put one back meanwhile."""
        for conn in tuple(self.keepalived_conns):
            conn.timeout = min(conn.timeout, deadline)

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it; a connection whose request has not arrived in whole waits without a thread."""
        try:
            seen = look_encrypted(conn) if self.cfg.is_ssl else look(conn)
        except (ParseException, BodyTooLargeError) as fault:
            self.handle_error(None, conn.sock, conn.client, fault)
            seen = Look.ENDED
        except (TooSlowError, OSError):
            seen = Look.ENDED
        if seen is Look.NOTHING or seen is Look.PARTLY:
            return DEFER
        goes_on = seen is Look.WHOLE and self._handle_whole(conn)
        if not goes_on:
            conn.close = partial(self._end, conn.sock)
        return goes_on

    def _handle_whole(self, conn: Any) -> Any:
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
        return goes_on

    def _end(self, client: socket.socket, *, graceful: bool = False) -> None:
        """Close a connection; one whose request was not read to its end only after its client had the answer."""
        if client in self._unread:
            self._unread.discard(client)
            self.watch.leftovers.close_when_read(client)
        else:
            close(client, graceful=graceful)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers were read, put its answer off, or refuse it when it waited too long."""
        self.watch.allow(conn.sock, ANSWER_SECONDS)
        check_single_fields(req)
        if conn.__dict__.get("unread"):
            self._unread.add(conn.sock)
            req.force_close()
        if conn.is_late and req.path not in NEVER_REFUSED:
            return refuse(req, conn.sock, closes=not self.alive)
        try:
            return super().handle_request(req, conn)
        except ParkedError as put_off:
            conn.put_off = put_off
            return True

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be read, or a fault of the worker's own, in the form of all refusals."""
        del addr
        with suppress(OSError):
            util.write_nonblock(client, answer_to(exc, req and req.method))
            self._unread.add(client)
