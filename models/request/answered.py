"""Keys of writes that are answered at once: a row like an accepted request's, finished in the write's transaction.

So the key stands for the answer exactly when the write was done, and as long as outcomes are kept.
"""

import json
from datetime import datetime
from typing import Any

from models.database import change, rows
from models.errors import IdempotencyKeyReusedError
from models.request.records import Submission


def earlier_answer(operation: str, user_id: str, key: str, fingerprint: str) -> dict[str, Any] | None:
    """Return what a key was answered with before, or None; from now on this transaction alone works on the key.

    Waits for another transaction that works on it. Refuses with `IdempotencyKeyReusedError`.
    """
    rows(_LOCK, what=json.dumps([operation, user_id, key]))
    found = rows(_ANSWER, operation=operation, user_id=user_id, key=key)
    if not found:
        return None
    earlier_fingerprint, result = found[0]
    if earlier_fingerprint != fingerprint:
        message = "This Idempotency-Key was used with another body."
        raise IdempotencyKeyReusedError(message)
    answer: dict[str, Any] = json.loads(result)
    return answer


def keep_answer(
    operation: str, user_id: str, key: str, fingerprint: str, answer: dict[str, Any], now: datetime
) -> None:
    """Let the key that this transaction works on stand for an answer."""
    id_ = str(Submission.of(operation, user_id, {}, key=key, fingerprint=fingerprint, at=now).id)
    kept = {"operation": operation, "user_id": user_id, "key": key, "fingerprint": fingerprint}
    change(_KEEP, id=id_, now=now, answer=json.dumps(answer), **kept)


# There is no row to lock before the write is done, and a row's outcome is written once.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($what, 0))"

_ANSWER = """
    SELECT fingerprint, result FROM request
     WHERE user_id = $user_id AND operation = $operation AND idempotency_key = $key
"""

_KEEP = """
    INSERT INTO request (id, operation, user_id, arguments, idempotency_key, fingerprint, status, submitted_at, due_at,
                         finished_at, result)
    VALUES ($id, $operation, $user_id, '{}', $key, $fingerprint, 'done', $now, $now, $now, $answer)
"""
