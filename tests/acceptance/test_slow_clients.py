"""Clients who send slowly, or nothing, or far too much, do not keep the others from being served."""

import re
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fixtures.stack import Stack

pytestmark = pytest.mark.acceptance

# More than the threads of all web processes together.
CROWD = 40
HALF_A_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: example"
CHARGE = b"POST /v1/points/charges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
# What a stranger may begin and leave, with and without a credential (`{identity}`).
HALVES = {
    "heads": HALF_A_REQUEST,
    "bodies that are refused": CHARGE + b"Content-Length: 90\r\n\r\n{",
    "bodies": CHARGE + b"{identity}Content-Length: 90\r\n\r\n{",
    "chunks": CHARGE + b"{identity}Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "large chunks": CHARGE + b"{identity}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n{",
    "bodies where none is declared": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{",
    "bodies that are too large": CHARGE + b"{identity}Content-Length: 99999999\r\n\r\n{",
    "bodies that wait for a word": CHARGE + b"{identity}Expect: 100-continue\r\nContent-Length: 90\r\n\r\n{",
    "nonsense": b"NONSENSE\r\n\r\n",
}


def _connect(stack: Stack, crowd: ExitStack) -> socket.socket:
    parts = urlsplit(stack.url)
    return crowd.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=5))


def test_silent_connections_cost_nobody_anything(stack: Stack) -> None:
    with ExitStack() as crowd:
        for _ in range(CROWD):
            _connect(stack, crowd)
        assert httpx.get(f"{stack.url}/healthz", timeout=3).status_code == 200


@pytest.mark.parametrize("half", HALVES)
def test_what_is_left_half_costs_nobody_a_thread(stack: Stack, half: str) -> None:
    identity = f"Authorization: Bearer {stack.token('slow')}\r\n".encode()
    with ExitStack() as crowd:
        for _ in range(CROWD):
            _connect(stack, crowd).sendall(HALVES[half].replace(b"{identity}", identity))
        # Threads gave each of them seconds before.
        for _ in range(8):
            assert httpx.get(f"{stack.url}/healthz", timeout=2).status_code == 200


def test_who_sends_slowly_is_answered_all_the_same(stack: Stack) -> None:
    identity = f"Authorization: Bearer {stack.token('slowly')}\r\n".encode()
    body = b'{"amount": 10}'
    request = CHARGE + identity + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with ExitStack() as crowd:
        connection = _connect(stack, crowd)
        # Twice over the same connection, and the second time with the next request behind it.
        for pieces in ((request[:30], request[30:-5], request[-5:]), (request + HALF_A_REQUEST, b"\r\n\r\n")):
            for piece in pieces:
                connection.sendall(piece)
                httpx.get(f"{stack.url}/healthz", timeout=2)
        heard = b""
        while heard.count(b"HTTP/1.1 ") < 3 or not heard.endswith(b"}"):
            heard += connection.recv(65_536)
        assert re.findall(rb"HTTP/1.1 (\d+)", heard) == [b"202", b"202", b"200"]


def test_who_waits_for_a_word_before_the_body_gets_it(stack: Stack) -> None:
    identity = f"Authorization: Bearer {stack.token('polite')}\r\n".encode()
    body = b'{"amount": 10}'
    with ExitStack() as crowd:
        connection = _connect(stack, crowd)
        length = f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(CHARGE + identity + length)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(body)
        answer = b""
        while b"\r\n\r\n{" not in answer:
            answer += connection.recv(65_536)
        assert b"HTTP/1.1 202" in answer


def test_a_body_that_is_too_large_is_refused_so_that_its_sender_learns_it(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token('large')}", "Content-Type": "application/json"}
    with httpx.Client(base_url=stack.url, timeout=10, headers=headers) as client:
        for size in (65_537, 100_000, 1_000_000, 65_537):
            answer = client.post("/v1/points/charges", content=b" " * size)
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
            assert answer.headers["Connection"] == "close"


def test_who_reads_slowly_gets_all_of_it_and_may_ask_again(stack: Stack) -> None:
    whole = httpx.get(f"{stack.url}/openapi.json", headers={"Accept-Encoding": "identity"}, timeout=5).content
    with ExitStack() as crowd:
        connection = _connect(stack, crowd)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for _ in range(2):
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
            heard = b""
            while len(heard.partition(b"\r\n\r\n")[2]) < len(whole):
                heard += connection.recv(16_384)
            assert heard.partition(b"\r\n\r\n")[2] == whole
