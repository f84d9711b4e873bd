"""Reading a key set from wherever it is: a deadline for the whole of it, and no more than a megabyte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import jwt
import pytest

from api import key_source
from api.identity import Identities
from tests.fixtures.answering import answering
from tests.unit.api.provider import ED_KEY, claims, key_set, settings

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@contextmanager
def trickling(head: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Send a head at once, and then a byte again and again until the client hangs up, which the event tells."""
    listener, gone = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(head)
            connection.settimeout(0.05)
            while not gone.is_set():
                try:
                    connection.sendall(b"a")
                    if not connection.recv(1):
                        gone.set()
                except TimeoutError:
                    continue
                except OSError:
                    gone.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys", gone
    gone.set()
    thread.join(10)


@pytest.mark.parametrize(
    "head", [HEAD % 500_000, b"HTTP/1.1 200 OK\r\nX-Endless: ", b""], ids=["body", "header", "all"]
)
def test_a_provider_that_trickles_is_given_up_as_a_whole(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_source, "DEADLINE_SECONDS", 0.5)
    with trickling(head) as (url, gone):
        began = monotonic()
        with pytest.raises(TimeoutError, match=r"no whole answer within 0\.5 s"):
            key_source.read(url)
        assert monotonic() - began < 10
        # The connection is cut off, so that nothing is left behind.
        assert gone.wait(10)


def test_a_set_of_more_than_a_megabyte_is_refused(tmp_path: Path) -> None:
    body = b'{"keys": [], "more": "%s"}' % (b"x" * key_source.LARGEST_BYTES)
    with answering(HEAD % len(body) + body) as url, pytest.raises(ValueError, match="more than 1000000 bytes"):
        key_source.read(url)
    path = tmp_path / "keys.json"
    path.write_bytes(body)
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        key_source.read(str(path))


def test_keys_are_read_over_http(tmp_path: Path) -> None:
    body = Path(key_set(tmp_path / "keys.json", only=ED_KEY)).read_bytes()
    token = jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "only"})
    with answering(HEAD % len(body) + body) as url:
        assert Identities(settings(identity_jwks=url)).read(token).user_id == "fan-1"
