"""A line as a test wants it: what the page asks of it is answered in the browser, and counted."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route

CONCERT = 7
NOW = "2030-01-01T00:00:00Z"
LATER = "2040-01-01T00:00:00Z"
PATIENCE_SECONDS = 15


OWNER = "mina"
# Where the page keeps the place in line of its owner.
PLACE = f"frontrow.place.{OWNER}/{CONCERT}"


@dataclass
class StagedLine:
    """One fan's place in a line; change the fields and the page learns of it when it asks."""

    place: int | None = 1000
    serving: int | None = 0
    position: int = 1000
    estimate: int | None = 600
    status: str = "waiting"
    state: str = "open"
    sold_out: bool = False
    watch: str | None = "queue"
    seconds: float = 0.2
    line_status: int = 200
    asked: list[str] = field(default_factory=list)
    busy: dict[str, int] = field(default_factory=dict)

    def enter(self, page: Page, url: str) -> None:
        """Let the page stand in its waiting room."""
        self.serve(page.context)
        page.goto(f"{url}/concerts/{CONCERT}/line")

    def serve(self, context: BrowserContext) -> None:
        """Answer for the service to every page of `context`, which has a place in the line."""
        place = {"token": "qt_staged", "firstPosition": self.position}
        for key, kept in ((PLACE, place), ("frontrow.owner.current", OWNER)):
            value = f"JSON.stringify({json.dumps(kept)})"
            context.add_init_script(f"localStorage.getItem('{key}') || localStorage.setItem('{key}', {value})")
        context.route("**/v1/**", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
        context.route(f"**/v1/concerts/{CONCERT}", lambda route: route.fulfill(json=self._concert()))
        context.route("**/v1/queue-tokens/current", self._tell("token", self._token))
        context.route(f"**/v1/queues/{CONCERT}", self._tell("line", self._line))

    def count(self, who: str) -> int:
        """How often the `line` or the `token` was asked."""
        return self.asked.count(who)

    def _tell(self, who: str, body: Callable[[], dict[str, Any]]) -> Callable[[Route], None]:
        def answer(route: Route) -> None:
            self.asked.append(who)
            if self.busy.get(who, 0) > 0:
                self.busy[who] -= 1
                fulfil_busy(route)
            elif who == "line" and self.line_status != 200:
                route.fulfill(status=self.line_status, json={"code": "concert_not_found", "status": self.line_status})
            else:
                headers = {"Retry-After": str(self.seconds)} if who == "token" else {"Cache-Control": "max-age=1"}
                route.fulfill(json=body(), headers=headers)

        return answer

    def _token(self) -> dict[str, Any]:
        told = {"place": self.place, "watch": self.watch}
        return {
            "id": 1,
            "concert_id": CONCERT,
            "user_id": "mina",
            "status": self.status,
            "position": self.position if self.status == "waiting" else None,
            "estimated_wait_seconds": self.estimate,
            "issued_at": NOW,
            "admitted_at": None if self.status == "waiting" else NOW,
            "expires_at": LATER,
            "poll_after_seconds": self.seconds,
            "sold_out": self.sold_out,
        } | {name: value for name, value in told.items() if value is not None}

    def _line(self) -> dict[str, Any]:
        body = {"concert_id": CONCERT, "state": self.state, "waiting": 5000, "active": 50, "capacity": 50}
        told = {} if self.serving is None else {"serving_number": self.serving}
        return body | told | {"estimated_wait_seconds": 9000, "sold_out": self.sold_out}

    @staticmethod
    def _concert() -> dict[str, Any]:
        return {"id": CONCERT, "title": "Staged", "venue": "Hall", "performances": []}


def fulfil_busy(route: Route, seconds: float = 0.2) -> None:
    """Answer as a service that is over its means."""
    headers = {"Retry-After": str(seconds), "Content-Type": "application/problem+json"}
    route.fulfill(status=503, headers=headers, body=json.dumps({"code": "busy", "status": 503}))


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until `condition()`."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends
        page.wait_for_timeout(20)
