"""Clients who send slowly, or nothing, or far too much, do not keep the others from being served."""

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
HALF_A_BODY = b"POST /v1/points/charges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n"


def _connect(stack: Stack, crowd: ExitStack) -> socket.socket:
    parts = urlsplit(stack.url)
    return crowd.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=5))


def test_silent_connections_cost_nobody_anything(stack: Stack) -> None:
    with ExitStack() as crowd:
        for _ in range(CROWD):
            _connect(stack, crowd)
        assert httpx.get(f"{stack.url}/healthz", timeout=3).status_code == 200


def test_half_requests_are_cut_off(stack: Stack) -> None:
    identity = f"Authorization: Bearer {stack.token('slow')}\r\n\r\n{{".encode()
    with ExitStack() as crowd:
        for number in range(CROWD):
            _connect(stack, crowd).sendall(HALF_A_BODY + identity if number % 2 else HALF_A_REQUEST)
        assert httpx.get(f"{stack.url}/healthz", timeout=60).status_code == 200


def test_a_body_that_is_a_little_too_large_does_not_cost_the_connection(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token('large')}", "Content-Type": "application/json"}
    with httpx.Client(base_url=stack.url, timeout=10, headers=headers) as client:
        for size in (65_537, 100_000, 1_000_000, 65_537):
            answer = client.post("/v1/points/charges", content=b" " * size)
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
