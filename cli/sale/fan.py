"""One fan's way through a sale: join, wait, choose seats, hold, charge, pay; or give up on the way."""

import asyncio
import random
from typing import Any

from cli.sale.closing import Closing
from cli.sale.looking import CURRENT, Looking
from cli.sale.plan import FanPlan, Temper
from cli.sale.record import Ending, Record
from cli.sale.service import FaultError, Refused, Service
from cli.sale.waiting import Lookout

CHOICES = 8
PAGE = 500
GONE = frozenset({"token_expired", "hold_expired"})
# What ends a fan's evening without being anybody's fault; busy is told when the sale is over already.
HOME = frozenset({"queue_closed", "queue_ended", "sale_over", "busy"})


class Fan:
    """A fan of one concert; `identity` is their JWT, `over` is set when the sale has ended.

    With `paced=False` they poll every five seconds, whatever they are told: a benchmark's floor.
    """

    def __init__(
        self,
        plan: FanPlan,
        identity: str,
        concert_id: int,
        service: Service,
        record: Record,
        over: Closing,
        *,
        paced: bool = True,
    ) -> None:
        self.plan = plan
        self.identity = identity
        self.concert_id = concert_id
        self.service = service
        self.record = record
        self.over = over
        self.chance = random.Random(plan.seed)
        self.token = ""
        self.arrived = record.now()
        self.lookout = Lookout(paced=paced)
        self.looking = Looking(service, concert_id, self.lookout)
        self.own: Service | None = None

    async def go(self) -> None:
        """Live through the sale; whatever happens, exactly one ending is written down."""
        try:
            ending = await self._visit()
        except Refused as refusal:
            if refusal.code not in GONE | HOME:
                self.record.faults[f"refused: {refusal.code}"] += 1
            is_home = refusal.code in HOME or refusal.problem.get("reason") in HOME
            ending = Ending.WENT_HOME if is_home else Ending.EXPIRED
        except FaultError as fault:
            self.record.faults[str(fault)] += 1
            ending = Ending.FAULT
        self.record.endings[ending] += 1
        self.record.looks += self.looking.looks

    async def _visit(self) -> Ending:
        joined_at = await self._join()
        outside = self.service
        try:
            gave_up = await self._wait_in_line(joined_at)
            if gave_up is not None:
                return gave_up
            self.service = self._own("inside")
            return await self._buy()
        finally:
            if self.own is not None:
                self.own.close()
            self.service = outside

    def _own(self, lane: str | None) -> Service:
        """Return a way of one's own: nobody shares a browser, so who is next or inside waits for no other fan."""
        self.own = (self.own or self.service).own(lane)
        return self.own

    def _come_near(self) -> None:
        """Look over a connection of one's own from now on."""
        if self.lookout.is_next and self.own is None:
            self.service = self.looking.service = self._own(None)

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

    async def _join(self) -> str:
        """Ask for a place in line; returns when the service accepted the request, in its own words."""
        task = await self.service.change(
            "join", "POST", "/v1/queue-tokens", self.identity, {"concert_id": self.concert_id}
        )
        self.token = task["result"]["token"]
        self.lookout.told(task["result"], self.record.now())
        return str(task["submitted_at"])

    async def _wait_in_line(self, joined_at: str) -> Ending | None:
        """Look as told until it is this fan's turn; returns an ending when they do not get that far."""
        leaves_at = self.arrived + self.plan.patience if self.plan.temper is Temper.LEAVES else float("inf")
        wait = self.lookout.pause if self.lookout.paced else 0.0
        while True:
            self._come_near()
            left = leaves_at - self.record.now()
            await self.over.sleep(min(wait, left))
            if self.over.is_set():
                return Ending.WENT_HOME
            if left <= wait:
                await self._leave()
                return Ending.LEFT
            if await self._is_admitted(joined_at):
                return None
            wait = self.lookout.pause

    async def _is_admitted(self, joined_at: str) -> bool:
        """Look where the line is; returns whether it is this fan's turn."""
        place = await self.looking.look(self.token)
        if place is None or place["status"] != "active":
            return False
        self.record.admitted(joined_at, place["admitted_at"], self.arrived, self.looking.looks)
        return True

    async def _leave(self) -> None:
        await self.service.change("leave", "DELETE", CURRENT, self.token)

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
