"""Where an identity provider's key set is read from: a file or a URL, never for longer nor more than is good."""

import http.client
import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

# For the whole of it: a server that sends a byte a second never lets a single wait run out.
DEADLINE_SECONDS = 5.0
LARGEST_BYTES = 1_000_000

UNREADABLE = (OSError, http.client.HTTPException, TypeError, ValueError, AttributeError, RecursionError)


def read(source: str) -> Any:
    """Return the JSON at a path or an http(s) URL. Raises one of `UNREADABLE`."""
    if urlsplit(source).scheme in {"http", "https"}:
        return json.loads(_Fetch(source).result())
    with Path(source).open("rb") as file:
        return json.loads(_bounded(file.read(LARGEST_BYTES + 1)))


def _bounded(body: bytes) -> bytes:
    if len(body) > LARGEST_BYTES:
        message = f"more than {LARGEST_BYTES} bytes"
        raise ValueError(message)
    return body


class _Fetch:
    """One request in a thread of its own, which nobody waits for after the deadline, wherever it hangs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sockets: list[socket.socket] = []
        self._body: bytes | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="identity-keys-fetch", daemon=True)

    def result(self) -> bytes:
        self._thread.start()
        self._thread.join(DEADLINE_SECONDS)
        if self._thread.is_alive():
            # Whatever it reads next is the end of the stream.
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            message = f"no whole answer within {DEADLINE_SECONDS:g} s"
            raise TimeoutError(message)
        if self._error is not None:
            raise self._error
        return _bounded(self._body or b"")

    def _run(self) -> None:
        try:
            with self._opener().open(
                Request(self._url, headers={"Accept": "application/json"}),  # noqa: S310  # The operator's own URL.
                timeout=DEADLINE_SECONDS,
            ) as answer:
                self._body = answer.read(LARGEST_BYTES + 1)
        except URLError as error:
            self._error = OSError(str(error.reason))
        except Exception as error:  # noqa: BLE001  # It is raised where somebody waits for it.
            self._error = error

    def _opener(self) -> Any:
        """Return an opener whose connections are known, so that they can be cut off."""
        sockets = self._sockets

        class Plain(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class Secure(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class PlainHandler(HTTPHandler):
            def http_open(self, req: Request) -> http.client.HTTPResponse:
                return self.do_open(Plain, req)

        class SecureHandler(HTTPSHandler):
            def https_open(self, req: Request) -> http.client.HTTPResponse:
                return self.do_open(Secure, req)

        return build_opener(PlainHandler, SecureHandler)
