"""The load: fans who join, wait, hold, charge, pay, leave, give up and come back, until the run is over."""

import asyncio
import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.sale.waiting import Lookout
from tests.faults.book import Book
from tests.faults.caller import PATIENCE, Caller, GoneError, RefusedError
from tests.faults.stack import Stack
from tests.faults.steering import Steering

POISONED = "poisoned"
# So many of those who hold seats choose others beside one that they keep.
THINKS_AGAIN = 0.2
# So many of the fans prefer to wait for outcomes, and of those so many look at the line as they are told (`watch`).
WAIT, WATCH = 2 / 3, 1 / 2


@dataclass
class Crowd:
    """Fans on an event loop in a thread of their own."""

    stack: Stack
    book: Book
    concert_id: int
    performance_ids: list[int]
    fans: int
    seed: int
    pause: float = 0.3
    payments: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="crowd")
        self._operator = self.stack.token("operator", operator=True)
        self.journeys: dict[str, int] = {}
        self.steering = Steering(self.book, self._operator, self.concert_id, self.seed, self._over.is_set)

    def start(self) -> None:
        """Let them come."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin no journey any more, let each finish the one it is on. A crowd that hangs is a violation."""
        self._over.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.book.violated("fans still waited for outcomes long after the last fault")
            self._thread.join()

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=self.fans * 4, max_keepalive_connections=self.fans)
        async with httpx.AsyncClient(base_url=self.stack.url, timeout=PATIENCE, limits=limits) as client:
            fans = (self._fan(number, client) for number in range(self.fans))
            await asyncio.gather(*fans, self._reader(client), self.steering.run(client))

    async def _fan(self, number: int, client: httpx.AsyncClient) -> None:
        rng = random.Random(self.seed * 1000 + number)
        caller = Caller(client, self.book, rng, self._over.is_set, waits=rng.random() < WAIT)
        watches = caller.waits and rng.random() < WATCH
        for turn in itertools.count():
            if self._over.is_set():
                return
            # The last fans are poison to whoever serves them.
            name = POISONED if number == self.fans - 1 and turn % 3 == 0 else "fan"
            ending = "given up"
            try:
                ending = await self._journey(caller, rng, f"{name}-{self.seed}-{number}-{turn}", watches=watches)
            except (GoneError, RefusedError) as why:
                ending = f"ended by {getattr(why, 'code', 'silence')}"
            except Exception as fault:  # noqa: BLE001  # A fan who dies unseen would make the run look good.
                self.book.violated(f"fan {number} met {fault!r}")
            self.journeys[ending] = self.journeys.get(ending, 0) + 1
            await asyncio.sleep(rng.uniform(0.5, 2) * self.pause)

    async def _journey(self, caller: Caller, rng: random.Random, user: str, *, watches: bool) -> str:
        identity = self.stack.token(user)
        charges = [self._charge(caller, rng, user, identity) for _ in range(rng.randint(1, 2))]
        token, *_ = await asyncio.gather(self._join(caller, user, identity), *charges)
        if user.startswith(POISONED):
            return "poisoned"
        if rng.random() < 0.1:
            await self._join_again(caller, user, identity, token)
        if not await self._wait_for_turn(caller, rng, user, token, watches=watches):
            return "left the line"
        reservation = await self._hold(caller, rng, user, token)
        if reservation is None:
            return "found no seat"
        return await self._decide(caller, rng, user, token, reservation)

    async def _do(
        self, caller: Caller, token: str, operation: str, user: str, method: str, path: str, body: Any = None
    ) -> dict[str, Any]:
        """Submit and wait; return the task."""
        await asyncio.sleep(caller.rng.uniform(0.2, 1.5) * self.pause)
        task = await caller.change(operation, user, token, method, path, body)
        return await caller.outcome(task, token)

    async def _charge(self, caller: Caller, rng: random.Random, user: str, identity: str) -> None:
        body = {"amount": rng.choice([30_000, 60_000, 150_000])}
        await self._do(caller, identity, "points.charge", user, "POST", "/v1/points/charges", body)

    async def _join(self, caller: Caller, user: str, identity: str) -> str:
        body = {"concert_id": self.concert_id}
        task = await self._do(caller, identity, "queue_token.issue", user, "POST", "/v1/queue-tokens", body)
        if task["status"] != "done":
            raise RefusedError(task["problem"]["code"])
        return str(task["result"]["token"])

    async def _join_again(self, caller: Caller, user: str, identity: str, token: str) -> None:
        """Join once more: that gives the same token, unless its time was over meanwhile."""
        second = await self._join(caller, user, identity)
        if second == token:
            return
        try:
            standing = await caller.read("/v1/queue-tokens/current", token)
        except RefusedError as over:
            if over.code == "token_expired":
                raise
            standing = {"status": over.code}
        self.book.violated(f"{user} joined twice and has two tokens, the first is {standing['status']}")

    async def _wait_for_turn(self, caller: Caller, rng: random.Random, user: str, token: str, *, watches: bool) -> bool:
        """Poll, or look as told, until admitted; False when the fan left the line. A position never grows."""
        position = None
        patience = rng.randint(2, 60)
        for polls in itertools.count():
            standing = await caller.read("/v1/queue-tokens/current", token)
            if standing["status"] != "waiting":
                return bool(standing["status"] == "active")
            if position is not None and standing["position"] > position:
                self.book.violated(f"{user} stood at {position} and then at {standing['position']}")
            position = standing["position"]
            if polls >= patience or caller.is_over():
                await self._leave(caller, user, token)
                return False
            if watches:
                await self._look_at_the_line(caller, standing)
            else:
                await asyncio.sleep(rng.uniform(0.5, 1.0))
        raise AssertionError

    async def _look_at_the_line(self, caller: Caller, standing: dict[str, Any]) -> None:
        """Wait as told, and look at the public document meanwhile, until it is time to ask with the token."""
        lookout = Lookout()
        lookout.told(standing, time.monotonic())
        while not caller.is_over():
            await asyncio.sleep(lookout.pause)
            if not lookout.looks_at_queue(time.monotonic()):
                return
            if lookout.saw(await caller.read(f"/v1/queues/{self.concert_id}", None)):
                return

    async def _leave(self, caller: Caller, user: str, token: str) -> None:
        await self._do(caller, token, "queue_token.leave", user, "DELETE", "/v1/queue-tokens/current")

    async def _hold(self, caller: Caller, rng: random.Random, user: str, token: str) -> int | None:
        for _ in range(4):
            performance_id = rng.choice(self.performance_ids)
            seats = await caller.read(f"/v1/performances/{performance_id}/seats?status=available&limit=25", token)
            free = [seat["id"] for seat in seats["items"]]
            if not free:
                continue
            body = {"performance_id": performance_id, "seat_ids": rng.sample(free, min(len(free), rng.randint(1, 2)))}
            task = await self._do(caller, token, "reservation.hold", user, "POST", "/v1/reservations", body)
            if task["status"] == "done":
                thinks_again = rng.random() < THINKS_AGAIN
                held = await self._hold_instead(caller, user, token, task["result"], free) if thinks_again else None
                return int((held or task["result"])["id"])
        return None

    async def _hold_instead(
        self, caller: Caller, user: str, token: str, held: dict[str, Any], free: list[int]
    ) -> dict[str, Any] | None:
        """Keep one seat of a hold and take another one with it; None when that was refused, and the hold stands."""
        kept = held["seats"][0]["id"]
        other = caller.rng.choice([seat_id for seat_id in free if seat_id != kept] or [kept])
        body = {"performance_id": held["performance_id"], "seat_ids": sorted({kept, other}), "replaces": held["id"]}
        task = await self._do(caller, token, "reservation.hold", user, "POST", "/v1/reservations", body)
        if task["status"] != "done":
            return None
        new = task["result"]
        if new["expires_at"] != held["expires_at"]:
            self.book.violated(f"{user} has a seat until {new['expires_at']} that was held until {held['expires_at']}")
        return dict(new)

    async def _decide(self, caller: Caller, rng: random.Random, user: str, token: str, reservation: int) -> str:
        choice = rng.random()
        if choice < 0.1:
            await self._do(caller, token, "reservation.release", user, "DELETE", f"/v1/reservations/{reservation}")
            await self._leave(caller, user, token)
            return "released"
        if choice < 0.2:
            await self._leave(caller, user, token)
            return "left with a hold"
        if choice < 0.25:
            return "let the hold lapse"
        pays = [self._pay(caller, user, token, reservation) for _ in range(2 if choice < 0.4 else 1)]
        tasks = await asyncio.gather(*pays, return_exceptions=True)
        paid = [task for task in tasks if isinstance(task, dict) and task["status"] == "done"]
        if len(paid) > 1:
            self.book.violated(f"{user} paid reservation {reservation} twice")
        if not paid:
            return "could not pay"
        if rng.random() < 0.2:
            path = f"/v1/operator/payments/{paid[0]['result']['payment_id']}/refund"
            await self._do(caller, self._operator, "payment.refund", "operator", "POST", path)
            return "refunded"
        return "bought"

    async def _pay(self, caller: Caller, user: str, token: str, reservation: int) -> dict[str, Any]:
        body = {"reservation_id": reservation}
        return await self._do(caller, token, "payment.pay", user, "POST", "/v1/payments", body)

    async def _reader(self, client: httpx.AsyncClient) -> None:
        """Read outcomes that were told before, over and over: they must stay what they are."""
        rng = random.Random(self.seed)
        caller = Caller(client, self.book, rng, self._over.is_set, waits=False)
        while not self._over.is_set():
            await asyncio.sleep(0.3)
            if self.book.told:
                promise = self.book.promises[rng.choice(list(self.book.told))]
                try:
                    await caller.look(promise.task_id, self.stack.token(promise.user))
                except GoneError:
                    continue
