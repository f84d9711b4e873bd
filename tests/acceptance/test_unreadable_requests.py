"""What is no HTTP, or too much of it, over a real socket: refused in the form of all refusals, at nobody's cost."""

import json
import socket
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from api.problem_codes import PROBLEMS
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.acceptance

HOST = b"Host: example\r\n"
CHARGE = b"POST /v1/points/charges HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
UNREADABLE = {
    "a bad request line": (b"no http\r\n\r\n", "malformed_request"),
    "no request at all": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "malformed_request"),
    "a bad method": (b"GE{T /healthz HTTP/1.1\r\n" + HOST + b"\r\n", "malformed_request"),
    "a bad version": (b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n", "malformed_request"),
    "a bad header name": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"bad name: 1\r\n\r\n", "malformed_request"),
    "a folded header": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n 2\r\n\r\n", "malformed_request"),
    "two lengths": (CHARGE + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "malformed_request"),
    "a length that is none": (CHARGE + b"Content-Length: -1\r\n\r\n", "malformed_request"),
    "a length and chunks": (CHARGE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "malformed_request"),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", "malformed_request"),
    "two hosts": (b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n", "malformed_request"),
    "a host that is none": (b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", "malformed_request"),
    "two keys": (CHARGE + b"Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n", "invalid_idempotency_key"),
    "too many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n" * 200 + b"\r\n", "headers_too_large"),
    "a large header": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n", "headers_too_large"),
    "a long path": (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", "uri_too_long"),
    "an expectation": (CHARGE + b"Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", "expectation_failed"),
    "a coding": (CHARGE + b"Transfer-Encoding: rot13\r\n\r\n", "unsupported_transfer_coding"),
}


def _connect(stack: Stack) -> socket.socket:
    parts = urlsplit(stack.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def _said(connection: socket.socket) -> bytes:
    """Return everything the server says until it closes."""
    heard = b""
    while more := connection.recv(65_536):
        heard += more
    return heard


def test_an_answer_to_head_has_no_body_although_the_request_is_refused(stack: Stack) -> None:
    with _connect(stack) as connection:
        connection.sendall(b"HEAD /healthz HTTP/1.1\r\n\r\n")
        head, _, body = _said(connection).partition(b"\r\n\r\n")
    assert (head.split(b" ", 2)[1], body) == (b"400", b"")


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_refused_like_everything_else(stack: Stack, case: str) -> None:
    sent, code = UNREADABLE[case]
    with _connect(stack) as connection:
        connection.sendall(sent)
        head, _, body = _said(connection).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    problem = json.loads(body)
    assert (problem["code"], problem["type"]) == (code, f"/problems/{code}")
    assert int(status.split()[1]) == problem["status"] == PROBLEMS[code].status
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert int(headers["content-length"]) == len(body)
    assert httpx.get(f"{stack.url}{problem['type']}").status_code == 200


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx\r\n0\r\n\r\n"])
def test_a_body_in_broken_chunks_is_a_bad_request(stack: Stack, chunks: bytes) -> None:
    identity = f"Authorization: Bearer {stack.token('chunks')}\r\n".encode()
    with _connect(stack) as connection:
        connection.sendall(CHARGE + identity + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        head, _, body = _said(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "malformed_request"


@pytest.mark.parametrize(
    "sent", [b"no http\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"]
)
def test_clients_who_never_close_keep_nobody_waiting(stack: Stack, sent: bytes) -> None:
    # More at once than two processes close in ten seconds, if each waits two seconds for each of them.
    with ExitStack() as crowd:
        for _ in range(20):
            connection = crowd.enter_context(_connect(stack))
            with suppress(OSError):
                connection.sendall(sent)
        assert httpx.get(f"{stack.url}/healthz", timeout=5).status_code == 200


@pytest.mark.parametrize(
    "header", [b"SCRIPT_NAME: /v1", b"Script-Name: /v1", b"PATH_INFO: /nowhere", b"X-Forwarded-Proto: gopher"]
)
def test_no_header_rewrites_a_request(stack: Stack, header: bytes) -> None:
    with _connect(stack) as connection:
        connection.sendall(b"GET /v1/concerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n")
        assert _said(connection).startswith(b"HTTP/1.1 200 OK")
