"""Whether a service answers, and whether everything it stands on does."""

import errno
import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from cli.errors import CannotStartError

PATIENCE = 2.0
# Which ports are offered in place of one that cannot be had.
DEFAULT_PORT, FIRST_FOR_EVERYBODY, LAST_PORT, TRIED = 8000, 1024, 65_535, 100


def checks(url: str) -> dict[str, Any] | None:
    """Return the checks of `GET /readyz`, or None when nobody answers sensibly."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        return dict(json.loads(connection.getresponse().read())["checks"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def is_ready(url: str) -> bool:
    """Tell whether `GET /readyz` answers 200 and all checks pass."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and json.loads(answer.read()).get("status") == "ok"
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return False
    finally:
        connection.close()


def refuse_unusable_port(host: str, port: int) -> None:
    """Raise CannotStartError, with what to do, when the address cannot be listened on, before anything was started."""
    fault = _fault_of(host, port)
    if fault is None:
        return
    if isinstance(fault, socket.gaierror) or fault.errno == errno.EADDRNOTAVAIL:
        message = f"Cannot listen on {host}: this machine has no such address. Name another: --host 127.0.0.1"
        raise CannotStartError(message)
    what = {
        errno.EADDRINUSE: "something listens there already",
        errno.EACCES: "this account may not listen on a port below 1024",
    }.get(fault.errno or 0, fault.strerror)
    begin = max(port + 1, FIRST_FOR_EVERYBODY)
    others = (one for one in range(begin, min(begin + TRIED, LAST_PORT + 1)) if _fault_of(host, one) is None)
    other = next(others, DEFAULT_PORT)
    message = f"Cannot listen on {host}:{port}: {what}. Name another port: --port {other}"
    raise CannotStartError(message)


def _fault_of(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
