"""Examples of bodies and answers, made of the shapes themselves, so that there is one for each and all of them fit."""

from collections.abc import Mapping
from typing import Any

SOME_TIME = "2026-12-24T11:00:00Z"
_TASK = "01a21f1c-7f31-7f9c-b15d-0d81d36ef8f2"
_REFERENCE = "$ref"

# By the shape's name and the field's, else by the field's alone. What is not here follows from the schema.
_VALUES: Mapping[str, Any] = {
    "ActionView.action": "queue.patch",
    "admit_per_second": 5.0,
    "amount": 50_000,
    "balance": 500_000,
    "balance_after": 500_000,
    "broker_queues": {"queue_tokens": 0, "reservations": 0, "points": 0, "payments": 0, "sweeps": 0},
    "active": 96,
    "admitted": 310,
    "capacity": 100,
    "ChargePoints.amount": 500_000,
    "ChecksView.workers": "ok",
    "ActionView.detail": {"state": "paused", "before": {"state": "open"}},
    "estimated_wait_seconds": 40,
    "expires_at": "2026-12-24T11:10:00Z",
    "EntryView.amount": 500_000,
    "EntryView.reference": "charge",
    "holder": "Kim Minji",
    "name": "Kim Minji",
    "NewSection.name": "Floor",
    "NewSection.rows": 20,
    "oldest_queued_seconds": None,
    "payment_id": None,
    "BookingView.payment_id": 7,
    "next_cursor": None,
    "PlacedSeatView.id": 41,
    "place": 5_214,
    "poll_after_seconds": 4,
    "position": 208,
    "price": 50_000,
    "price_from": 50_000,
    "price_to": 90_000,
    "QueueTokenView.admitted_at": None,
    "IssuedQueueTokenView.admitted_at": None,
    "refunded_at": None,
    "replaces": None,
    "reservable_from": "2026-12-01T11:00:00Z",
    "reservable_until": "2026-12-24T10:00:00Z",
    "revenue": 3_800_000,
    "row": 3,
    "seat_ids": [41],
    "seats_per_row": 20,
    "seats_total": 400,
    "SeatView.id": 41,
    "seats_available": 312,
    "seats_held": 12,
    "seats_sold": 76,
    "section": "Floor",
    "serving_number": 5_006,
    "stretch": 1.0,
    "target": "concert:1",
    "timezone": "Asia/Seoul",
    "title": "Night at the Park",
    "token": "qt_AAEAAAA5c2lnbmVk",
    "user_id": "fan-1",
    "venue": "Olympic Hall, Seoul",
    "waiting": 208,
    "workers": {"queue_tokens": 1, "reservations": 1, "points": 1, "payments": 1, "sweeps": 1},
}
# What an operation made of it, where that is another state than the first one.
_RESULTS: Mapping[str, Mapping[str, Any]] = {
    "queue_token.leave": {"status": "left", "position": None, "estimated_wait_seconds": None},
    "reservation.release": {"status": "released"},
    "payment.refund": {"status": "refunded", "refunded_at": SOME_TIME},
}
# Examples of request bodies omit optional fields, except these.
_GIVEN = frozenset({"CreateConcert.performances", "NewPerformance.sections", "SteerQueue.state", "SteerQueue.capacity"})


class Examples:
    """Examples of the document's shapes."""

    def __init__(self, schemas: Mapping[str, Any], bodies: frozenset[str]) -> None:
        """Take all schemas by name, and which of them, with what they hold, come in as bodies."""
        self._schemas, self._bodies = schemas, bodies

    def of(self, name: str) -> Any:
        """Return an example of a shape."""
        schema = self._schemas[name]
        required = set(schema.get("required", ()))
        return {
            field: self._value(name, field, one)
            for field, one in schema.get("properties", {}).items()
            if field in required or name not in self._bodies or f"{name}.{field}" in _GIVEN
        }

    def task(self, operation: str, result: str | None) -> dict[str, Any]:
        """Return an example of a task: done, or queued where there is no result yet."""
        return {
            "id": _TASK,
            "operation": operation,
            "status": "done" if result else "queued",
            "submitted_at": SOME_TIME,
            "finished_at": SOME_TIME if result else None,
            "result": {**self.of(result), **_RESULTS.get(operation, {})} if result else None,
            "problem": None,
        }

    def _value(self, owner: str, field: str, schema: Mapping[str, Any]) -> Any:
        for known in (f"{owner}.{field}", field):
            if known in _VALUES:
                return _VALUES[known]
        return self._made(owner, field, schema)

    def _made(self, owner: str, field: str, schema: Mapping[str, Any]) -> Any:
        if _REFERENCE in schema:
            return self.of(schema[_REFERENCE].rpartition("/")[2])
        if "anyOf" in schema:
            return self._made(owner, field, next(one for one in schema["anyOf"] if one.get("type") != "null"))
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        return self._of_type(owner, field, schema)

    def _of_type(self, owner: str, field: str, schema: Mapping[str, Any]) -> Any:
        match schema.get("type"):
            case "array":
                return [self._made(owner, field, schema["items"])] * schema.get("minItems", 1)
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case "string" if schema.get("format") == "date-time":
                return SOME_TIME
            case "string" if schema.get("format") == "uuid":
                return _TASK
            case "object":
                return {}
        message = f"there is no example for {owner}.{field}"
        raise ValueError(message)
