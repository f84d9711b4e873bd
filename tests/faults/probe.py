"""The probe: one fresh fan who buys one ticket, to tell whether the service is back to normal."""

import itertools
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from cli import readiness
from tests.faults.stack import Stack
from tests.faults.witness import connected

PRICE = 1000
_numbers = itertools.count()


class Probe:
    """Buys from a concert of its own, whose line is never full."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.concert_id, [self._performance_id] = new_concert(stack, capacity=500, rows=100, seats=100, price=PRICE)
        self._seat = 0
        with connected(stack) as cursor:
            cursor.execute("SELECT id FROM seat WHERE performance_id = %s ORDER BY id", (self._performance_id,))
            self._seats = [seat_id for (seat_id,) in cursor.fetchall()]
        self.step = ""

    def recovery(self, seconds: float) -> float | None:
        """Wait until the service is ready and a purchase begun by then completes; None when that takes too long."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if readiness.is_ready(self._stack.url):
                try:
                    self.buy(begun + seconds)
                except (httpx.HTTPError, LookupError, TimeoutError) as error:
                    self.step += f" ({error!r})"
                else:
                    return time.monotonic() - begun
            else:
                self.step = "readyz"
            time.sleep(0.1)
        return None

    def buy(self, deadline: float) -> None:
        """Join, hold, charge and pay. Raises when one of the steps does not work or the time is up."""
        user = f"probe-{next(_numbers)}"
        identity = self._stack.token(user)
        with httpx.Client(base_url=self._stack.url, timeout=3) as client:
            task = self._do(client, deadline, identity, "/v1/queue-tokens", {"concert_id": self.concert_id})
            token = task["token"]
            charge = self._submit(client, identity, "/v1/points/charges", {"amount": PRICE})
            self.step = "admission"
            while self._get(client, token, "/v1/queue-tokens/current")["status"] != "active":
                _pause(deadline)
            held = self._do(client, deadline, token, "/v1/reservations", self._next_seat())
            self._await(client, deadline, identity, charge)
            self._do(client, deadline, token, "/v1/payments", {"reservation_id": held["id"]})
            self.step = ""

    def _next_seat(self) -> dict[str, Any]:
        self._seat += 1
        return {"performance_id": self._performance_id, "seat_ids": [self._seats[self._seat]]}

    def _do(self, client: httpx.Client, deadline: float, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.step = path
        return self._await(client, deadline, token, self._submit(client, token, path, body))

    def _submit(self, client: httpx.Client, token: str, path: str, body: dict[str, Any]) -> str:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
        answer = client.post(path, json=body, headers=headers)
        if answer.status_code != 202:
            raise LookupError(f"{path} was answered {answer.status_code} {answer.text[:200]}")
        return str(answer.json()["id"])

    def _await(self, client: httpx.Client, deadline: float, token: str, task_id: str) -> dict[str, Any]:
        while True:
            task = self._get(client, token, f"/v1/tasks/{task_id}")
            if task["status"] == "done":
                return dict(task["result"])
            if task["status"] != "queued":
                raise LookupError(f"{task['operation']} is {task['status']}: {task['problem']}")
            _pause(deadline)

    def _get(self, client: httpx.Client, token: str, path: str) -> dict[str, Any]:
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            raise LookupError(f"{path} was answered {answer.status_code} {answer.text[:200]}")
        return dict(answer.json())


def new_concert(stack: Stack, *, capacity: int, rows: int, seats: int, price: int) -> tuple[int, list[int]]:
    """Put a concert on the programme; return its id and those of its performances."""
    now = datetime.now(UTC)
    section = {"name": "A", "rows": rows, "seats_per_row": seats, "price": price}
    times = {"starts_at": 48, "reservable_from": -1, "reservable_until": 24}
    performance = {name: (now + timedelta(hours=hours)).isoformat() for name, hours in times.items()}
    body = {
        "title": f"Concert of {rows * seats} seats",
        "venue": "Rig",
        "queue": {"capacity": capacity},
        "performances": [{**performance, "sections": [section]}],
    }
    headers = {"Authorization": f"Bearer {stack.token('operator', operator=True)}"}
    answer = httpx.post(f"{stack.url}/v1/operator/concerts", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    found = answer.json()
    return found["id"], [performance["performance_id"] for performance in found["performances"]]


def _pause(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError
    time.sleep(0.1)
