"""The quick refusal: a whole answer in the form of all refusals."""

import io
import json
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest

from api.load_shedding import LATEST, SOONEST, has_body, refusal
from api.request_frame import SANE_ID


def request(method: str = "GET", *headers: tuple[str, str]) -> Any:
    return SimpleNamespace(method=method, headers=list(headers))


def parsed(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def test_it_is_a_problem_that_says_when_to_come_again() -> None:
    status, headers, body = parsed(refusal(request(), closes=False))
    problem = json.loads(body)
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert (problem["code"], problem["status"], problem["type"]) == ("busy", 503, "/problems/busy")
    assert headers["Content-Type"] == "application/problem+json"
    assert (int(headers["Content-Length"]), headers["Connection"]) == (len(body), "keep-alive")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


class Wire:
    """What a client reads from."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)


@pytest.mark.parametrize(("method", "has_content"), [("GET", True), ("POST", True), ("HEAD", False)])
def test_a_client_of_another_make_understands_it_and_nothing_is_left_over(*, method: str, has_content: bool) -> None:
    wire = Wire(refusal(request(method), closes=False))
    stream = wire.makefile("rb")
    wire.makefile = lambda _mode: stream  # type: ignore[method-assign]
    understood = HTTPResponse(wire, method=method)  # type: ignore[arg-type]
    understood.begin()
    assert (understood.status, understood.will_close) == (503, False)
    body = stream.read(understood.length or 0)
    assert (bool(body), stream.read()) == (has_content, b"")


def test_requests_without_an_id_get_one_each() -> None:
    given = {parsed(refusal(request(), closes=False))[1]["X-Request-ID"] for _ in range(50)}
    assert len(given) == 50
    assert all(SANE_ID.fullmatch(one) for one in given)


@pytest.mark.parametrize("given", ["", "x" * 129, "a\r\nSet-Cookie: b=c", "ünd"])
def test_an_id_that_is_not_sane_cannot_get_into_the_head(given: str) -> None:
    _, headers, _ = parsed(refusal(request("GET", ("X-REQUEST-ID", given)), closes=False))
    assert SANE_ID.fullmatch(headers["X-Request-ID"])
    assert "Set-Cookie" not in headers


def test_a_crowd_that_is_refused_together_does_not_come_back_together() -> None:
    told = [int(parsed(refusal(request(), closes=False))[1]["Retry-After"]) for _ in range(300)]
    assert (min(told), max(told)) == (SOONEST, LATEST)
    assert len(set(told)) == LATEST - SOONEST + 1


def test_a_sane_request_id_comes_back_and_no_other() -> None:
    for given, comes_back in (("mine-1", True), ("no good\t", False)):
        _, headers, _ = parsed(refusal(request("GET", ("X-REQUEST-ID", given)), closes=True))
        assert (headers["X-Request-ID"] == given) is comes_back
        assert headers["Connection"] == "close"


def test_head_gets_no_body() -> None:
    _, headers, body = parsed(refusal(request("HEAD"), closes=False))
    assert body == b""
    assert int(headers["Content-Length"]) > 0


def test_a_body_that_nobody_reads_is_noticed() -> None:
    assert not has_body(request("POST"))
    assert not has_body(request("POST", ("CONTENT-LENGTH", "0")))
    assert has_body(request("POST", ("CONTENT-LENGTH", "12")))
    assert has_body(request("POST", ("TRANSFER-ENCODING", "chunked")))
