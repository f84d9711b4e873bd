"""For tests of web processes: an application that tells its process; a worker without what ours adds."""

import os
import threading

from api import lanes
from api.lanes import Lane
from api.web_worker import WebWorker

SLOW_SECONDS = 3.0
PARKED_SECONDS = 0.3
LARGE_BYTES = 16_777_216


def application(environ, start_response):
    """Answer with the id of the process that answers, as the path says: late, for the inside, or from elsewhere."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        threading.Event().wait(SLOW_SECONDS)
    elif path == "/busy":
        threading.Event().wait(0.2)
    elif path == "/inside":
        lanes.note(Lane.INSIDE)
    elif path in {"/parked", "/parked-for-ever"}:
        _park(environ, forever=path == "/parked-for-ever")
    # More than a socket takes at once, when it is asked for.
    body = b"7" * LARGE_BYTES if path == "/large" else str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _park(environ, *, forever):
    park = environ.get("frontrow.park")
    parked = park() if park else None
    if parked is not None and not forever:
        # More than fits into a socket's buffers, when it is asked for.
        body = b"7" * int(environ.get("QUERY_STRING") or 1)
        threading.Timer(PARKED_SECONDS, parked.answer, ("200 OK", {"X-Parked": "yes"}, body)).start()


class GreedyWorker(WebWorker):
    """Takes whatever it can, as gunicorn's own worker does."""

    def accept(self, listener):
        """Take a new connection."""
        self.share.give_way = lambda: None
        super().accept(listener)
