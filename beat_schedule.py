"""When beat publishes which sweep: data only.

Correctness never waits for a sweep, and two beats at once do no harm: sweeps are idempotent.
"""

from typing import Any

SWEEPS = "sweeps"

# A sweep that waited longer is dropped, so that not too many pile up while nobody serves them. The worker's own clock
# says how long that was, and it may be minutes ahead of beat's: were this shorter, such a worker would drop them all.
DROPPED_AFTER = 300.0


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"queue": SWEEPS, "expires": seconds + DROPPED_AFTER}}


BEAT_SCHEDULE = {
    "promote waiting tokens": _every(1, "queue_token.promote_waiting"),
    "publish undelivered requests again": _every(2, "request.redeliver"),
    "expire due holds": _every(2, "reservation.expire_due"),
    "expire due tokens": _every(5, "queue_token.expire_due"),
    "note what is sold out": _every(1, "queue.note_sold_out"),
    "note what is for sale again": _every(5, "queue.note_seats_back"),
    "purge old requests": _every(60, "request.purge"),
    "purge old tokens": _every(60, "queue_token.purge"),
}
