"""One fan's looks at the line: at the public document where that is enough, with their own token where it is not."""

from typing import Any

from cli.sale.service import Service, told_to_wait
from cli.sale.waiting import POLL, Lookout

CURRENT = "/v1/queue-tokens/current"
UNCHANGED = 304


class Looking:
    """What a fan in line sends, as their `lookout` says; `looks` counts it."""

    def __init__(self, service: Service, concert_id: int, lookout: Lookout) -> None:
        self.service = service
        self.queue = f"/v1/queues/{concert_id}"
        self.lookout = lookout
        self.looks = 0

    async def look(self, token: str) -> dict[str, Any] | None:
        """Return the answer for the token; None when the document said that there is nothing to ask."""
        if self.lookout.looks_at_queue(self.service.record.now()) and not await self._watch():
            return None
        return await self.poll(token)

    async def poll(self, token: str) -> dict[str, Any]:
        """Ask with the token, whatever the document says."""
        self.looks += 1
        answer = await self.service.ask("poll", "GET", CURRENT, token)
        place: dict[str, Any] = answer.json()
        self.lookout.told(place, self.service.record.now(), told_to_wait(answer, POLL))
        if place["status"] == "active":
            self.service.record.service_clock.note(answer.header("Date"))
        return place

    async def _watch(self) -> bool:
        """Look at the public document; returns whether to ask with the token."""
        self.looks += 1
        known = {"If-None-Match": self.lookout.etag} if self.lookout.etag else None
        answer = await self.service.ask("watch", "GET", self.queue, "", headers=known)
        if answer.status == UNCHANGED:
            return self.lookout.saw(None)
        self.lookout.etag = answer.header("ETag")
        return self.lookout.saw(answer.json())
