"""The quick refusal: a whole answer in the form of all refusals."""

import json
from types import SimpleNamespace
from typing import Any

from api.load_shedding import LATEST, SOONEST, has_body, refusal


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
