import asyncio
import zlib

import pytest

from cli.sale.wire import connect, request_bytes, whole_answer


def test_an_answer_is_whole_only_with_its_whole_body() -> None:
    received = b"HTTP/1.1 202 Accepted\r\nLocation: /v1/tasks/1\r\ncontent-length: 5\r\n\r\nhello"
    for end in range(len(received)):
        assert whole_answer(bytearray(received[:end])) is None
    answer = whole_answer(bytearray(received))
    assert answer is not None
    assert (answer.status, answer.body, answer.header("location")) == (202, b"hello", "/v1/tasks/1")
    assert answer.header("Retry-After") is None


def test_chunks_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"4\r\nWiki\r\n6;note=1\r\npedia \r\n0\r\n\r\n"
    assert whole_answer(bytearray(head + body[:-3])) is None
    answer = whole_answer(bytearray(head + body))
    assert answer is not None
    assert answer.body == b"Wikipedia "


def test_an_unchanged_answer_has_no_body() -> None:
    answer = whole_answer(bytearray(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'))
    assert answer is not None
    assert (answer.status, answer.body) == (304, b"")


def test_what_is_no_http_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        whole_answer(bytearray(b"hello, is it me you are looking for\r\n\r\n"))


def test_a_request_is_written_with_its_length() -> None:
    written = request_bytes("POST", "/v1/x", "h:1", {"Authorization": "Bearer t"}, b'{"a":1}')
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /v1/x HTTP/1.1",
        b"Host: h:1",
        b"Authorization: Bearer t",
        b"Content-Type: application/json",
        b"Content-Length: 7",
    ]
    assert body == b'{"a":1}'


def _ok(extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + extra + b"\r\nok"


def test_nothing_is_sent_to_a_server_that_will_close() -> None:
    async def scenario() -> bool:
        ended = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ok(b"Connection: close\r\n"))
            await reader.read()  # It leaves the closing to the client.
            writer.close()
            await writer.wait_closed()
            ended.set()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            connection = await connect(*server.sockets[0].getsockname()[:2])
            assert (await connection.exchange(request_bytes("GET", "/", "h"))).body == b"ok"
            await ended.wait()
            return connection.usable

    assert not asyncio.run(scenario())


def test_nobody_listening_is_a_connection_error() -> None:
    async def scenario() -> None:
        with pytest.raises(ConnectionError, match="cannot reach"):
            await connect("127.0.0.1", 1)

    asyncio.run(scenario())


def test_bytes_that_are_not_text_come_through() -> None:
    packed = zlib.compress(b"seats" * 100)
    answer = whole_answer(bytearray(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed))
    assert answer is not None
    assert zlib.decompress(answer.body) == b"seats" * 100
