"""Bodies: refused where none is declared, as whoever sent one meant something; and a mark before one is read over."""

from typing import Any

import pytest

from api.credentials import Credential
from api.openapi_shapes import declared

BODILESS = [(method, path, found.credential) for path, method, found in declared() if found.body is None]
IDS = {"concert_id": 1, "performance_id": 1, "reservation_id": 1, "payment_id": 1, "user_id": "a", "code": "busy"}
TASK = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def bearers(service: Any, concert: dict[str, Any]) -> dict[Credential, str | None]:
    token, identity = service.active(concert["id"]), service.identity(service.user())
    by_identity = dict.fromkeys((Credential.IDENTITY, Credential.OWNER, Credential.LIVE_TOKEN_OR_IDENTITY), identity)
    return {
        **dict.fromkeys(Credential, token),
        **by_identity,
        Credential.NONE: None,
        Credential.OPERATOR: service.operator,
    }


@pytest.mark.parametrize(
    ("method", "path", "credential"), [pytest.param(*one, id=" ".join(one[:2])) for one in BODILESS]
)
def test_a_body_that_is_not_declared_is_refused(
    service: Any, bearers: dict[Credential, str | None], method: str, path: str, credential: Credential
) -> None:
    before = service.sql("SELECT count(*) FROM request")
    where, headers = path.format(**IDS, task_id=TASK), {"Content-Type": "application/json"}
    chunked = {**headers, "Transfer-Encoding": "chunked", "Content-Length": ""}
    for body, more in ((b'{"seat_ids": [1]}', headers), (b"x", {}), (b"{}", chunked)):
        answer = service.raw(method, where, bearers[credential], body, more)
        assert (answer.status, answer.code) == (422, "unexpected_body"), (body, answer)
    assert service.sql("SELECT count(*) FROM request") == before
    for more in (headers, chunked):
        assert service.raw(method, where, bearers[credential], b"", more).code != "unexpected_body"


def test_who_may_not_ask_at_all_learns_that_first(service: Any) -> None:
    for method, path, credential in BODILESS:
        if credential is not Credential.NONE:
            answer = service.raw(method, path.format(**IDS, task_id=TASK), None, b"{}", {})
            assert (answer.status, answer.code) == (401, "token_missing")


def test_a_mark_of_the_byte_order_before_a_body_is_read_over(service: Any) -> None:
    identity, headers = service.identity(service.user()), {"Content-Type": "application/json"}
    for body, status in (
        (b'\xef\xbb\xbf{"amount": 1}', 202),
        (b"\xef\xbb\xbf", 400),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"amount": 1}', 400),
    ):
        assert service.raw("POST", "/v1/points/charges", identity, body, headers).status == status
