"""Requests that arrive in pieces: how much is missing, and what is refused before it is whole."""

import json
from itertools import accumulate

import pytest
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, LimitRequestLine

from api.arrival import LARGEST_HEAD, LARGEST_LINE, MOST_LOOKS, Arrival, BodyTooLargeError, TooSlowError
from api.validation import LARGEST_BODY

GET = b"GET /v1/concerts HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/points/charges HTTP/1.1\r\nHost: x\r\n"
BODY = json.dumps({"amount": 1}).encode()
CHUNKED = POST + b"transfer-encoding: Chunked\r\n\r\n"
SIZED = POST + b"Content-Length: 13\r\n\r\n"


@pytest.mark.parametrize(
    "whole",
    [
        GET,
        SIZED + BODY,
        POST + b"CONTENT-LENGTH:13\r\n\r\n" + BODY,
        CHUNKED + b"d\r\n" + BODY + b"\r\n0\r\n\r\n",
        CHUNKED + b"5;a=b\r\n" + BODY[:5] + b"\r\n8\r\n" + BODY[5:] + b"\r\n0\r\n\r\n",
        CHUNKED + b"d\r\n" + BODY + b"\r\n0\r\nX-Trailer: yes\r\n\r\n",
    ],
)
def test_a_request_is_whole_with_its_last_byte_and_not_before(whole: bytes) -> None:
    assert Arrival().missing(whole) == 0
    arrival = Arrival()
    for size in range(1, len(whole)):
        missing = arrival.missing(whole[:size])
        assert 0 < missing <= len(whole) - size
    assert arrival.missing(whole) == 0


def test_a_body_of_known_length_is_waited_for_at_once() -> None:
    assert Arrival().missing(SIZED) == len(BODY)


@pytest.mark.parametrize(
    "refusable",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n",
        b"get / HTTP/1.1\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 9999999999999999999999\r\n\r\n",
        POST + b"Transfer-Encoding: rot13\r\n\r\n",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
)
def test_what_can_be_refused_is_not_waited_for(refusable: bytes) -> None:
    assert Arrival().missing(refusable) == 0


def test_a_body_that_is_too_large_is_never_waited_for() -> None:
    arrival = Arrival()
    assert arrival.missing(POST + b"Content-Length: 65537\r\n\r\n") == 0
    assert arrival.is_too_large
    largest = Arrival()
    assert largest.missing(POST + b"Content-Length: 65536\r\n\r\n") == LARGEST_BODY
    assert not largest.is_too_large


@pytest.mark.parametrize("sizes", [[LARGEST_BODY + 1], [LARGEST_BODY, 1], [0xFFFFFFFF]])
def test_chunks_that_are_too_large_together_are_refused(sizes: list[int]) -> None:
    data = CHUNKED
    for size in sizes[:-1]:
        data += f"{size:x}\r\n".encode() + b" " * size + b"\r\n"
    with pytest.raises(BodyTooLargeError):
        Arrival().missing(data + f"{sizes[-1]:x}\r\n".encode())


@pytest.mark.parametrize("line", [b"zz\r\n", b"\r\n", b"-1\r\n", b" 1" * 40])
def test_broken_chunks_are_refused(line: bytes) -> None:
    with pytest.raises(InvalidChunkSize):
        Arrival().missing(CHUNKED + line)


def test_a_head_without_an_end_is_refused() -> None:
    with pytest.raises(LimitRequestHeaders):
        Arrival().missing(b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD)
    with pytest.raises(LimitRequestLine):
        Arrival().missing(b"GET /" + b"x" * LARGEST_LINE)


def test_a_request_that_comes_byte_by_byte_is_cut_off() -> None:
    arrival = Arrival()
    head = b"GET /" + b"a" * 2 * MOST_LOOKS
    for size in range(1, MOST_LOOKS + 1):
        assert arrival.missing(head[:size]) == 1
    with pytest.raises(TooSlowError):
        arrival.missing(head)


def test_nothing_more_comes_from_a_client_who_has_ended() -> None:
    arrival = Arrival()
    assert arrival.missing(SIZED) > 0
    assert arrival.missing(SIZED) == 0


@pytest.mark.parametrize("expects", [b"Expect: 100-continue", b"expect:100-CONTINUE"])
def test_who_waits_to_be_told_to_go_on_is_told_while_the_body_is_missing(expects: bytes) -> None:
    arrival, whole = Arrival(), Arrival()
    request = SIZED.replace(b"Host: x", b"Host: x\r\n" + expects)
    assert arrival.missing(request) > 0
    assert arrival.expects_continue
    plain = Arrival()
    assert plain.missing(SIZED) > 0
    assert not plain.expects_continue
    assert whole.missing(GET.replace(b"Host: x", b"Host: x\r\n" + expects)) == 0
    assert not whole.expects_continue


def test_many_small_chunks_cost_a_look_each_and_no_more() -> None:
    """Each look goes on where the last one ended: chunks that were passed are not read again."""
    pieces = [CHUNKED, *(b"1\r\n \r\n" * 100 for _ in range(100)), b"0\r\n\r\n"]
    arrival = Arrival()
    sizes = list(accumulate(map(len, pieces)))
    passed = []
    for data in accumulate(pieces):
        missing = arrival.missing(data)
        passed.append(arrival._chunk_at)
        assert (missing > 0) == (len(data) < sizes[-1])
    # All but the last chunk of each look are behind it.
    assert all(at >= size - len(b"1\r\n \r\n") for at, size in zip(passed[:-1], sizes, strict=False))
