"""Writes that are answered at once, made once for each Idempotency-Key."""

from collections.abc import Callable
from typing import Any

import falcon

from api.accepted import fingerprint_of
from models import clock
from models.request.answered import earlier_answer, keep_answer


def answered_once(req: falcon.Request, resp: falcon.Response, write: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a write in the current transaction answers, or what its key was answered with before.

    What is refused changes nothing and takes no key. Refuses with `IdempotencyKeyReusedError`.
    """
    key, name, user_id = req.context.idempotency_key, req.context.operation.keyed_as, req.context.caller.user_id
    if key is None:
        return write()
    fingerprint = fingerprint_of(req)
    earlier = earlier_answer(name, user_id, key, fingerprint)
    if earlier is not None:
        resp.set_header("Idempotent-Replayed", "true")
        return earlier
    body = write()
    keep_answer(name, user_id, key, fingerprint, body, clock.utcnow())
    return body
