"""For `test_web_processes.py`: an application that tells its process, and a worker that gives way to nobody."""

import os

from api.web_worker import WebWorker


def application(_environ, start_response):
    """Answer with the id of the process that answers."""
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class GreedyWorker(WebWorker):
    """Takes whatever it can, as gunicorn's own worker does."""

    def accept(self, listener):
        """Take a new connection."""
        self.share.give_way = lambda: None
        super().accept(listener)
