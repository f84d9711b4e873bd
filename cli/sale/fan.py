"""One fan's way through a sale: join, wait, choose seats, hold, charge, pay; or give up on the way."""

import asyncio
import random
import time
from typing import Any

from cli.sale.plan import FanPlan, Temper
from cli.sale.record import Ending
from cli.sale.service import FaultError, Refused
from cli.sale.waiting import Watch
from cli.sale.ways import Ways
from cli.sale.wire import Answer

CHOICES = 8
PAGE = 500
GONE = frozenset({"token_expired", "hold_expired"})


class Fan:
    """A fan of one concert; `identity` is their JWT, `over` is set when the sale has ended."""

    def __init__(self, plan: FanPlan, identity: str, concert_id: int, ways: Ways, over: asyncio.Event) -> None:
        self.plan = plan
        self.identity = identity
        self.concert_id = concert_id
        self.ways = ways
        self.service = ways.joining
        self.record = ways.joining.record
        self.over = over
        self.asked = 0
        self.is_near = False
        self.chance = random.Random(plan.seed)
        self.token = ""
        self.arrived = self.record.now()

    async def go(self) -> None:
        """Live through the sale; whatever happens, exactly one ending is written down."""
        try:
            ending = await self._visit()
        except Refused as refusal:
            if refusal.code not in GONE and refusal.code != "queue_closed":
                self.record.faults[f"refused: {refusal.code}"] += 1
            ending = Ending.WENT_HOME if refusal.code == "queue_closed" else Ending.EXPIRED
        except FaultError as fault:
            self.record.faults[str(fault)] += 1
            ending = Ending.FAULT
        self.record.endings[ending] += 1

    async def _visit(self) -> Ending:
        task = await self._join()
        self.service = self.ways.waiting
        try:
            gave_up = await self._wait_in_line(task)
            if gave_up is not None:
                return gave_up
            self._comes_near()
            return await self._buy()
        finally:
            if self.is_near:
                self.service.pool.close()

    async def _buy(self) -> Ending:
        await self._think()
        reservation = await self._hold_seats()
        if reservation is None:
            await self._leave()
            return Ending.FOUND_NOTHING
        if self.plan.temper is Temper.LETS_GO:
            return Ending.LET_GO
        await self._think()
        await self._pay_for(reservation)
        return Ending.BOUGHT

    async def _join(self) -> dict[str, Any]:
        """Ask for a place in line; returns the finished task, whose result is the *QueueToken*."""
        task = await self.service.change(
            "join", "POST", "/v1/queue-tokens", self.identity, {"concert_id": self.concert_id}
        )
        self.token = task["result"]["token"]
        return task

    async def _wait_in_line(self, task: dict[str, Any]) -> Ending | None:
        """Look as told until it is this fan's turn; returns an ending when they do not get that far."""
        leaves_at = self.arrived + self.plan.patience if self.plan.temper is Temper.LEAVES else float("inf")
        place, answer = task["result"], None
        if not self.ways.paced or "watch" not in place:
            place, answer = await self._ask_with_token()
        while place["status"] != "active":
            wait: float | None = self.ways.interval(place, answer)
            watch = Watch.of(place, wait or 0.0, self.record.now())
            if self.ways.paced and place.get("watch") == "token":
                self._comes_near()
            while wait is not None:
                if self.over.is_set():
                    return Ending.WENT_HOME
                if self.record.now() + wait >= leaves_at:
                    await self._leave()
                    return Ending.LEFT
                await self._until_over(wait)
                wait = await self._look(watch) if self.ways.paced and watch.watches_queue else None
            place, answer = await self._ask_with_token()
        self.record.admitted(str(task["submitted_at"]), place["admitted_at"], self.arrived, cost=self.asked)
        if answer is not None:
            self.record.noticed_after(place["admitted_at"], time.time(), answer.header("Date"))
        return None

    async def _ask_with_token(self) -> tuple[dict[str, Any], Answer]:
        self.asked += 1
        answer = await self.service.ask("poll", "GET", "/v1/queue-tokens/current", self.token)
        place: dict[str, Any] = answer.json()
        return place, answer

    async def _look(self, watch: Watch) -> float | None:
        """Look at the public document; return when to look again, or None when it is time to ask with the token."""
        self.asked += 1
        answer = await self.service.ask("watch", "GET", f"/v1/queues/{self.concert_id}", "")
        return watch.next_look(answer.json(), self.record.now())

    def _comes_near(self) -> None:
        """Use connections of one's own from now on."""
        if not self.is_near:
            self.service, self.is_near = self.ways.near(), True

    async def _until_over(self, seconds: float) -> None:
        # All fans who wait hear at once that the sale is over, as they would from the news.
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            return

    async def _leave(self) -> None:
        await self.service.change("leave", "DELETE", "/v1/queue-tokens/current", self.token)

    async def _think(self) -> None:
        await asyncio.sleep(self.plan.thinks)

    async def _hold_seats(self) -> dict[str, Any] | None:
        """Choose seats and hold them; chooses again when somebody was faster. None when nothing is left."""
        dates = await self._items("dates", f"/v1/concerts/{self.concert_id}/dates")
        for date in dates:
            performance = date["performance_id"]
            for _ in range(CHOICES):
                seats = await self._choose(performance)
                if not seats:
                    break
                held = await self._hold(performance, seats)
                if held is not None:
                    return held
        return None

    async def _choose(self, performance: int) -> list[int]:
        """Take seats that stand next to each other in the list, somewhere in it."""
        path = f"/v1/performances/{performance}/seats?status=available&limit={PAGE}"
        free = [seat["id"] for seat in await self._items("seats", path)]
        first = self.chance.randrange(max(1, len(free) - self.plan.party + 1))
        return free[first : first + self.plan.party]

    async def _hold(self, performance: int, seats: list[int]) -> dict[str, Any] | None:
        body = {"performance_id": performance, "seat_ids": seats}
        try:
            task = await self.service.change("hold", "POST", "/v1/reservations", self.token, body)
        except Refused as refusal:
            if refusal.code == "seat_taken":
                return None
            raise
        reservation: dict[str, Any] = task["result"]
        return reservation

    async def _pay_for(self, reservation: dict[str, Any]) -> None:
        points = await self.service.ask("points", "GET", "/v1/points", self.token)
        missing = reservation["amount"] - points.json()["balance"]
        if missing > 0:
            await self.service.change("charge", "POST", "/v1/points/charges", self.token, {"amount": missing})
        await self.service.change("pay", "POST", "/v1/payments", self.token, {"reservation_id": reservation["id"]})
        self.record.bought(len(reservation["seats"]))

    async def _items(self, operation: str, path: str) -> list[dict[str, Any]]:
        answer = await self.service.ask(operation, "GET", path, self.token)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items
