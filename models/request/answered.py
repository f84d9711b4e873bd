"""Keys of writes that are answered at once: a row like an accepted request's, finished in the write's transaction.

So the key stands for the answer exactly when the write was done, and as long as outcomes are kept.
"""

import json
from datetime import datetime
from typing import Any

from models.database import change, rows
from models.errors import IdempotencyKeyReusedError
from models.request.records import Submission


def take_key(operation: str, user_id: str, key: str, fingerprint: str, now: datetime) -> dict[str, Any] | None:
    """Take a key for the write of this transaction; return what it was answered with before, or None.

    Waits for another transaction that has just taken the same key. Refuses with `IdempotencyKeyReusedError`.
    """
    taken = {"operation": operation, "user_id": user_id, "key": key}
    id_ = Submission.of(operation, user_id, {}, key=key, fingerprint=fingerprint, at=now).id
    if change(_TAKE, id=str(id_), fingerprint=fingerprint, now=now, **taken):
        return None
    [(earlier_fingerprint, result)] = rows(_ANSWER, **taken)
    if earlier_fingerprint != fingerprint:
        message = "This Idempotency-Key was used with another body."
        raise IdempotencyKeyReusedError(message)
    answer: dict[str, Any] = json.loads(result)
    return answer


def keep_answer(operation: str, user_id: str, key: str, answer: dict[str, Any]) -> None:
    """Let the key that this transaction took stand for an answer."""
    change(_KEEP, operation=operation, user_id=user_id, key=key, answer=json.dumps(answer))


_TAKE = """
    INSERT INTO request (id, operation, user_id, arguments, idempotency_key, fingerprint, status, submitted_at, due_at,
                         finished_at, result)
    VALUES ($id, $operation, $user_id, '{}', $key, $fingerprint, 'done', $now, $now, $now, '{}')
    ON CONFLICT (user_id, operation, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
"""

_ANSWER = """
    SELECT fingerprint, result FROM request
     WHERE user_id = $user_id AND operation = $operation AND idempotency_key = $key
"""

_KEEP = """
    UPDATE request SET result = $answer
     WHERE user_id = $user_id AND operation = $operation AND idempotency_key = $key
"""
