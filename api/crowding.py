"""Making room: idle connections of the outside are closed when a process holds nearly all that gunicorn allows."""

from contextlib import suppress
from time import monotonic
from typing import Any

from api.lanes import Lane

CROWDED, ROOMY = 0.9, 0.8
SETTLED_SECONDS = 0.5


def make_room(worker: Any) -> None:
    """Close idle connections of the outside, the longest idle first: those inside must find a way in."""
    if worker.nr_conns <= CROWDED * worker.worker_connections:
        return
    surplus = worker.nr_conns - int(ROOMY * worker.worker_connections)
    # A thread may be about to hand the poller who came back a moment ago.
    settled = monotonic() + worker.cfg.keepalive - SETTLED_SECONDS
    idle = [
        conn
        for conn in (*worker.pending_conns, *worker.keepalived_conns)
        if conn.lane is not Lane.INSIDE and conn.timeout < settled
    ]
    # All have as long, so whose time ends first is idle longest: no newcomer, who may be of the inside.
    idle.sort(key=lambda conn: conn.timeout)
    for conn in idle[: max(0, surplus)]:
        # It may have spoken a moment ago; then it is no longer among those that are idle.
        for conns in (worker.pending_conns, worker.keepalived_conns):
            with suppress(ValueError):
                conns.remove(conn)
                with suppress(OSError, KeyError, ValueError):
                    worker.poller.unregister(conn.sock)
                worker.nr_conns -= 1
                conn.close()
