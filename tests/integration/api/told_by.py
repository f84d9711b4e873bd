"""For `test_web_processes.py`: an application that tells its process, and a worker that gives way to nobody."""

import os
import threading

from api.web_worker import WebWorker

SLOW_SECONDS = 3.0


def application(environ, start_response):
    """Answer with the id of the process that answers; at `/slow` not before some seconds are over."""
    if environ["PATH_INFO"] == "/slow":
        threading.Event().wait(SLOW_SECONDS)
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class GreedyWorker(WebWorker):
    """Takes whatever it can, as gunicorn's own worker does."""

    def accept(self, listener):
        """Take a new connection."""
        self.share.give_way = lambda: None
        super().accept(listener)
