"""How gunicorn serves the API: a few processes of a few threads, all alike, stopped gracefully."""

import gc
import os
from pathlib import Path
from typing import Any

from gunicorn import glogging

import logs

_host = os.environ.get("HOST", "127.0.0.1")
_shared_memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes files of its own there, with names nobody can guess

bind = f"[{_host}]:{os.environ.get('PORT', '8000')}" if ":" in _host else f"{_host}:{os.environ.get('PORT', '8000')}"
worker_class = "api.web_worker.WebWorker"
workers = int(os.environ.get("FRONTROW_WEB_PROCESSES", "2"))
# A thread waits for PostgreSQL most of the time; each holds one connection, so more threads are more connections.
threads = int(os.environ.get("FRONTROW_WEB_THREADS", "8"))
# So many of them serve those inside alone: whose turn it is never waits for those who wait.
_reserved_threads = int(os.environ.get("FRONTROW_WEB_RESERVED_THREADS", str(threads // 4)))
# So many requests with `Prefer: wait` may wait for their outcome at a time, in each process; they need no thread.
_most_parked = int(os.environ.get("FRONTROW_WEB_WAITING", "200"))
if not 0 <= _reserved_threads < threads:
    raise ValueError("FRONTROW_WEB_RESERVED_THREADS must be 0 or more, and less than FRONTROW_WEB_THREADS")
if _most_parked < 0:
    raise ValueError("FRONTROW_WEB_WAITING must be 0 or more")

# Fans poll every few seconds: their connection is kept for the next poll.
keepalive = 10
timeout = 30
# Above the slowest answer (a database that is away: 5 s), below the 15 s in which `frontrow up` stops.
graceful_timeout = 6
# Rare enough not to matter, often enough that a slow leak never does.
max_requests = 200_000
max_requests_jitter = 20_000

# Nobody rewrites the path or the scheme by a header: gunicorn would believe whoever connects from this machine. Of what
# proxies add the application reads `X-Forwarded-For` alone, as far as FRONTROW_TRUSTED_PROXIES says.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# Two services of one user would share its default path.
control_socket_disable = True
# The heartbeat file of a worker must not wait for a disk.
worker_tmp_dir = str(_shared_memory) if os.access(_shared_memory, os.W_OK) else None

# The application is imported once and its memory shared; nothing connects anywhere before the first request.
preload_app = True
loglevel = os.environ.get("FRONTROW_LOG_LEVEL", "info").lower()
logs.configure(loglevel)
# The application logs its requests itself, with their ids.
accesslog = None


class logger_class(glogging.Logger):  # noqa: N801  # The setting's name.
    """Gunicorn's own lines, in the form of all others."""

    def setup(self, cfg: Any) -> None:
        """Leave writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def when_ready(_server: Any) -> None:
    """Take what was imported out of the garbage collector's rounds, so that workers neither walk nor copy it."""
    gc.collect()
    gc.freeze()


def pre_fork(_server: Any, worker: Any) -> None:
    """Give a process the settings that are ours, not gunicorn's."""
    worker.reserved_threads, worker.most_parked = _reserved_threads, _most_parked


def child_exit(_server: Any, worker: Any) -> None:
    """Strike a process that has ended, however it did, from those that may take connections."""
    # Another worker class has no share; a fault in here would end them all.
    share = getattr(worker, "share", None)
    if share is not None:
        share.leave()
