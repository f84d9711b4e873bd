"""What tests do through the API beside the browser: put concerts on sale, and be other fans."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

PATIENCE_SECONDS = 20


class Seller:
    """An operator with an HTTP client."""

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        self.http = httpx.Client(base_url=url, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        answer = self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {token or self.token}"})
        assert answer.is_success, answer.text
        return answer.json()

    def outcome(self, method: str, path: str, body: Any, token: str) -> Any:
        """Submit, and poll until the task has its outcome."""
        task = self.call(method, path, body, token)
        ends = time.monotonic() + PATIENCE_SECONDS
        while task["status"] == "queued" and time.monotonic() < ends:
            time.sleep(0.1)
            task = self.call("GET", f"/v1/tasks/{task['id']}", token=token)
        return task

    def done(self, method: str, path: str, body: Any, token: str) -> Any:
        """Submit, and poll until there is a result."""
        task = self.outcome(method, path, body, token)
        assert task["status"] == "done", task
        return task["result"]

    def put_on_sale(
        self, title: str, *, rows: int = 4, seats_per_row: int = 12, price: int = 30_000, capacity: int = 50
    ) -> int:
        """Create a concert with two dates; return its id."""
        now = datetime.now(UTC)
        sections = [
            {"name": "R", "rows": rows, "seats_per_row": seats_per_row, "price": price * 2},
            {"name": "S", "rows": rows, "seats_per_row": seats_per_row, "price": price},
        ]
        performances = [
            {
                "starts_at": (now + timedelta(days=day)).isoformat(),
                "reservable_from": now.isoformat(),
                "reservable_until": (now + timedelta(days=1)).isoformat(),
                "sections": sections,
            }
            for day in (30, 31)
        ]
        body = {"title": title, "venue": "Test Hall", "queue": {"capacity": capacity}, "performances": performances}
        return int(self.call("POST", "/v1/operator/concerts", body)["id"])

    def join(self, concert_id: int, identity: str) -> str:
        """Take a place in line; return the queue token."""
        return str(self.done("POST", "/v1/queue-tokens", {"concert_id": concert_id}, identity)["token"])

    def steer(self, concert_id: int, **changes: Any) -> None:
        self.call("PATCH", f"/v1/operator/concerts/{concert_id}/queue", changes)

    def wait_until_admitted(self, queue_token: str) -> None:
        """Poll as a fan does, but more often."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.call("GET", "/v1/queue-tokens/current", token=queue_token)["status"] != "active":
            assert time.monotonic() < ends
            time.sleep(0.1)
