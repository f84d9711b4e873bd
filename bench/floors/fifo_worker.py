"""The floor of S: our web worker without lanes and without load shedding, as it was before both."""

from typing import Any

from api.lanes import FirstComeFirstServed, Lanes
from api.web_worker import WebWorker


class FifoWorker(WebWorker):
    """Serves connections in the order they came, and refuses none; named by GUNICORN_CMD_ARGS."""

    def get_thread_pool(self) -> Any:
        """Let every thread serve everybody."""
        self.reserved_threads = 0
        return super().get_thread_pool()

    def make_lanes(self) -> Lanes:
        """Let everybody wait in one queue."""
        return FirstComeFirstServed()

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer everybody, however late."""
        conn.is_late = False
        return super().handle_request(req, conn)
