"""Whether a service answers, and whether everything it stands on does."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from cli.errors import CannotStartError

PATIENCE = 2.0


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


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CannotStartError when the address cannot be listened on, before anything was started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Cannot listen on {host}:{port}: {error.strerror}. Name another port: --port {port + 1}"
            raise CannotStartError(message) from error


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
