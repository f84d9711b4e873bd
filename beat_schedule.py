"""When beat publishes which sweep: data only.

A sweep that could not run before the next one is due is dropped (`expires`), so none pile up.
Correctness never waits for a sweep, and two beats at once do no harm: sweeps are idempotent.
"""

from typing import Any

SWEEPS = "sweeps"


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"queue": SWEEPS, "expires": seconds}}


BEAT_SCHEDULE = {
    "promote waiting tokens": _every(1, "queue_token.promote_waiting"),
    "publish undelivered requests again": _every(2, "request.redeliver"),
    "expire due holds": _every(2, "reservation.expire_due"),
    "expire due tokens": _every(5, "queue_token.expire_due"),
    "purge old requests": _every(60, "request.purge"),
}
