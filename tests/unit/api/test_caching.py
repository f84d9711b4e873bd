import gzip

import falcon
import falcon.testing
import pytest

from api.caching import Representation, matches

LONG = b'{"items":[' + b'{"id":1,"status":"available"},' * 200 + b"]}"


class Resource:
    def __init__(self, body: bytes) -> None:
        self.kept = Representation(body)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.kept.answer(req, resp, "private, no-cache")


def get(body: bytes, **headers: str) -> falcon.testing.Result:
    app = falcon.App()
    app.add_route("/", Resource(body))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return falcon.testing.TestClient(app).simulate_get("/", headers=sent)


def test_a_long_body_is_compressed_for_who_takes_it() -> None:
    plain, packed = get(LONG), get(LONG, Accept_Encoding="br, gzip")
    assert plain.content == LONG
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.content) == LONG
    assert len(packed.content) * 10 < len(LONG)
    assert plain.headers["etag"] != packed.headers["etag"]
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0"])
def test_nobody_gets_what_he_does_not_take(accepted: str) -> None:
    assert "content-encoding" not in get(LONG, Accept_Encoding=accepted).headers


def test_a_short_body_is_not_worth_it() -> None:
    answer = get(b"{}", Accept_Encoding="gzip")
    assert answer.content == b"{}"
    assert "vary" not in answer.headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_is_known_is_not_sent_again(encoding: str) -> None:
    first = get(LONG, Accept_Encoding=encoding)
    again = get(LONG, Accept_Encoding=encoding, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    changed = get(LONG + b" ", Accept_Encoding=encoding, If_None_Match=first.headers["etag"])
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("known", "expected"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False), ("a", False)],
)
def test_if_none_match_names_tags(known: str, *, expected: bool) -> None:
    assert matches(known, '"a"') is expected
