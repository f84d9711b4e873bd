"""Every operation with every credential. A new route fails here until somebody decides who may use it."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from api.credentials import Credential
from api.openapi_shapes import declared

# The decision for each operation, written down a second time on purpose.
DECISIONS = {
    ("POST", "/v1/queue-tokens"): Credential.IDENTITY,
    ("GET", "/v1/queue-tokens/current"): Credential.QUEUE_TOKEN,
    ("DELETE", "/v1/queue-tokens/current"): Credential.LIVE_TOKEN,
    ("GET", "/v1/queues/{concert_id}"): Credential.NONE,
    ("GET", "/v1/concerts"): Credential.NONE,
    ("GET", "/v1/concerts/{concert_id}"): Credential.NONE,
    ("GET", "/v1/concerts/{concert_id}/dates"): Credential.ACTIVE_TOKEN,
    ("GET", "/v1/performances/{performance_id}/seats"): Credential.ACTIVE_TOKEN,
    ("POST", "/v1/reservations"): Credential.ACTIVE_TOKEN,
    ("GET", "/v1/reservations/{reservation_id}"): Credential.OWNER,
    ("DELETE", "/v1/reservations/{reservation_id}"): Credential.LIVE_TOKEN,
    ("GET", "/v1/points"): Credential.LIVE_TOKEN_OR_IDENTITY,
    ("GET", "/v1/points/entries"): Credential.LIVE_TOKEN_OR_IDENTITY,
    ("POST", "/v1/points/charges"): Credential.LIVE_TOKEN_OR_IDENTITY,
    ("POST", "/v1/payments"): Credential.ACTIVE_TOKEN,
    ("GET", "/v1/payments/{payment_id}"): Credential.OWNER,
    ("GET", "/v1/bookings"): Credential.OWNER,
    ("GET", "/v1/tasks/{task_id}"): Credential.OWNER,
    ("GET", "/v1/operator/concerts"): Credential.OPERATOR,
    ("POST", "/v1/operator/concerts"): Credential.OPERATOR,
    ("GET", "/v1/operator/fans"): Credential.OPERATOR,
    ("DELETE", "/v1/operator/concerts/{concert_id}"): Credential.OPERATOR,
    ("PATCH", "/v1/operator/concerts/{concert_id}/queue"): Credential.OPERATOR,
    ("GET", "/v1/operator/concerts/{concert_id}/stats"): Credential.OPERATOR,
    ("POST", "/v1/operator/reservations/{reservation_id}/release"): Credential.OPERATOR,
    ("POST", "/v1/operator/payments/{payment_id}/refund"): Credential.OPERATOR,
    ("GET", "/v1/operator/payments/{payment_id}"): Credential.OPERATOR,
    ("GET", "/v1/operator/audit"): Credential.OPERATOR,
    ("GET", "/v1/operator/fans/{user_id}"): Credential.OPERATOR,
    ("GET", "/v1/operator/performances/{performance_id}/seats"): Credential.OPERATOR,
    ("GET", "/v1/operator/service"): Credential.OPERATOR,
    ("GET", "/healthz"): Credential.NONE,
    ("GET", "/readyz"): Credential.NONE,
    ("GET", "/metrics"): Credential.NONE,
    ("GET", "/openapi.json"): Credential.NONE,
    ("GET", "/docs"): Credential.NONE,
    ("GET", "/problems/{code}"): Credential.NONE,
}

MISSING, INVALID, EXPIRED = (401, "token_missing"), (401, "token_invalid"), (401, "token_expired")
NOT_GENUINE = {
    "none": MISSING,
    "garbage": INVALID,
    "other scheme": INVALID,
    "forged queue token": INVALID,
    "forged identity": INVALID,
    "unsigned identity": INVALID,
    "identity without end": INVALID,
    "identity without user": INVALID,
    "identity of a strange user": INVALID,
    "identity of yesterday": EXPIRED,
}
PAST = ("expired long ago", "left long ago", "completed long ago")
TOKENS = ("waiting", "active", "expired", "left", "completed", "other concert", "other user", *PAST)
NOT_ADMITTED, WRONG_CONCERT = (403, "not_admitted"), (403, "wrong_concert")
OVER = dict.fromkeys(("expired", "left", "completed", *PAST), EXPIRED)
# What each credential is refused with; what is not named here passes.
REFUSED: dict[Credential, dict[str, tuple[int, str]]] = {
    Credential.NONE: {},
    Credential.IDENTITY: {**NOT_GENUINE, **dict.fromkeys(TOKENS, INVALID)},
    Credential.OPERATOR: {
        **NOT_GENUINE,
        **dict.fromkeys(TOKENS, INVALID),
        "identity": (403, "insufficient_scope"),
        "other identity": (403, "insufficient_scope"),
    },
    Credential.OWNER: {**NOT_GENUINE, **dict.fromkeys(PAST, EXPIRED)},
    Credential.QUEUE_TOKEN: {
        **NOT_GENUINE,
        **dict.fromkeys(("identity of yesterday", "identity", "other identity", "operator"), INVALID),
        "expired": EXPIRED,
        "left": EXPIRED,
        **dict.fromkeys(PAST, EXPIRED),
    },
    Credential.LIVE_TOKEN: {
        **NOT_GENUINE,
        **OVER,
        **dict.fromkeys(("identity of yesterday", "identity", "other identity", "operator"), INVALID),
    },
    Credential.ACTIVE_TOKEN: {
        **NOT_GENUINE,
        **OVER,
        **dict.fromkeys(("identity of yesterday", "identity", "other identity", "operator"), INVALID),
        "waiting": NOT_ADMITTED,
        "other concert": WRONG_CONCERT,
    },
    Credential.LIVE_TOKEN_OR_IDENTITY: {**NOT_GENUINE, **OVER},
}
CREDENTIALS = (*NOT_GENUINE, *TOKENS, "identity", "other identity", "operator")
# Whose resources these are not: not there for him, in the same words as for nobody's.
NOT_OWN = {
    "/v1/reservations/{reservation_id}": "reservation_not_found",
    "/v1/payments/{payment_id}": "payment_not_found",
    "/v1/tasks/{task_id}": "task_not_found",
}
STRANGERS = ("other user", "other identity", "operator")
# Tokens of the fan's own for other concerts.
ELSEWHERE = ("waiting", "other concert")


@dataclass
class World:
    """One fan with tokens in every state, what is his, and the Authorization headers of everybody."""

    headers: dict[str, dict[str, str]]
    paths: dict[str, str]
    bodies: dict[tuple[str, str], object]


@pytest.fixture(scope="module")
def world(service: Any) -> World:
    user, other = service.user("owner"), service.user("other")
    concert, elsewhere = service.concert(), service.concert()
    performance_id = concert["performances"][0]["performance_id"]
    completed, booking = service.buy(concert, user)
    expired = service.waiting(concert["id"], user)
    service.sql(
        "UPDATE queue_token SET expires_at = now() - interval '1 s' WHERE user_id = $user AND status = 'waiting'",
        user=user,
    )
    left = service.active(concert["id"], user)
    service.result(service.delete("/v1/queue-tokens/current", left), left)
    active = service.active(concert["id"], user)
    task_id = service.charge_task(active)
    reservation = service.hold(performance_id, active)
    wrong = service.active(elsewhere["id"], user)
    others = service.active(concert["id"], other)
    past = {f"{status} long ago": service.ended(concert["id"], status) for status in ("expired", "left", "completed")}
    line = service.concert()
    waiting = service.waiting(line["id"], user)
    bearers = {
        **past,
        "garbage": "qt_nonsense",
        "forged queue token": active[:-4] + "AAAA",
        "forged identity": service.identity(user, secret="x" * 40),
        "unsigned identity": _unsigned(user),
        "identity without end": service.identity(user, exp=None),
        "identity without user": service.identity(user, sub=None),
        "identity of a strange user": service.identity("a\nb"),
        "identity of yesterday": service.identity(user, ttl=-86_400),
        "waiting": waiting,
        "active": active,
        "expired": expired,
        "left": left,
        "completed": completed,
        "other concert": wrong,
        "other user": others,
        "identity": service.identity(user),
        "other identity": service.identity(other),
        "operator": service.operator,
    }
    headers = {name: {"Authorization": f"Bearer {bearer}"} for name, bearer in bearers.items()}
    headers |= {"none": {}, "other scheme": {"Authorization": "Basic Zm9vOmJhcg=="}}
    ids = {
        "concert_id": concert["id"],
        "performance_id": performance_id,
        "reservation_id": reservation["id"],
        "payment_id": booking["payment_id"],
        "task_id": task_id,
        "user_id": user,
        "code": "seat_taken",
    }
    bodies = {
        ("POST", "/v1/queue-tokens"): {"concert_id": concert["id"]},
        ("POST", "/v1/reservations"): {"performance_id": performance_id, "seat_ids": [1]},
        ("POST", "/v1/points/charges"): {"amount": 1},
        ("POST", "/v1/payments"): {"reservation_id": reservation["id"]},
        ("POST", "/v1/operator/concerts"): {"title": "t", "venue": "v", "performances": []},
        ("PATCH", "/v1/operator/concerts/{concert_id}/queue"): {},
    }
    return World(headers, {path: path.format(**ids) for _, path in DECISIONS}, bodies)


def test_every_operation_has_a_decision() -> None:
    assert {(method, path): operation.credential for path, method, operation in declared()} == DECISIONS


@pytest.mark.parametrize(("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in DECISIONS])
def test_each_credential_gets_what_was_decided(service: Any, world: World, method: str, path: str) -> None:
    answers = {}
    for name in CREDENTIALS:
        more = {"headers": world.headers[name]}
        answer = service.call(method, world.paths[path], body=world.bodies.get((method, path)), **more)
        answers[name] = (answer.status, answer.code) if answer.status in {401, 403} else "passes"
        if answer.status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        if answer.code == "not_admitted":
            assert (answer.body["position"], answer.headers["retry-after"]) == (1, "2")
        if name in (*STRANGERS, *ELSEWHERE) and path in NOT_OWN and answers[name] == "passes":
            assert (answer.status, answer.code) == (404, NOT_OWN[path]), name
        elif path in NOT_OWN and answers[name] == "passes":
            assert answer.status < 300, (name, answer)
    refused = REFUSED[DECISIONS[method, path]]
    assert answers == {name: refused.get(name, "passes") for name in CREDENTIALS}


@pytest.mark.parametrize("path", NOT_OWN)
def test_somebody_elses_is_told_in_the_words_of_nobodys(service: Any, world: World, path: str) -> None:
    unknown = path.format(reservation_id=10**9, payment_id=10**9, task_id="00000000-0000-4000-8000-000000000000")
    somebodys = service.get(world.paths[path], headers=world.headers["other user"])
    nobodys = service.get(unknown, headers=world.headers["other user"])
    assert (somebodys.status, _without_id(somebodys)) == (nobodys.status, _without_id(nobodys))


def _without_id(answer: Any) -> dict[str, Any]:
    return {**answer.body, "detail": re.sub(r"\d+", "#", answer.body["detail"])}


def _unsigned(user: str) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": user, "exp": 9_999_999_999})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."
