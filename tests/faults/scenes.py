"""Single scenes: one fault made on purpose, of which the verdict must come out clean, or not when a guard is gone."""

import asyncio
import random
import signal
import time
import uuid
from contextlib import closing, suppress
from typing import Any

import httpx
import psycopg2

from tests.faults import lateness, verdict
from tests.faults.book import Book, Promise
from tests.faults.caller import Caller, GoneError
from tests.faults.lateness import Lateness, Shares
from tests.faults.probe import new_concert
from tests.faults.scene import broker_of
from tests.faults.stack import Stack, send
from tests.faults.witness import connected


def submit(stack: Stack, book: Book, path: str, body: dict[str, Any], operation: str) -> httpx.Response:
    """Send a change of a new user, without a key, and note in the book what he was answered."""
    user = f"fan-{uuid.uuid4().hex[:12]}"
    answer = httpx.post(
        stack.url + path, json=body, headers={"Authorization": f"Bearer {stack.token(user)}"}, timeout=10
    )
    if answer.status_code == 202:
        book.promised(Promise(answer.json()["id"], user, operation, None, body))
    else:
        book.unsure[user, operation] += 1
    return answer


def charge(stack: Stack, book: Book) -> httpx.Response:
    """Charge some points."""
    return submit(stack, book, "/v1/points/charges", {"amount": 700}, "points.charge")


def message_lost(stack: Stack, book: Book) -> None:
    """Accept a charge whose message is lost: its worker is killed with it, and the broker forgets the rest."""
    family = stack.family("points")
    send(family, signal.SIGSTOP)
    with broker_of(stack) as broker, broker.monitor() as heard, connected(stack) as cursor:
        task_id = charge(stack, book).json()["id"]
        # The message is sent a moment after the answer, and so is the row where a guard is left away.
        while not heard.next_command()["command"].startswith("LPUSH points "):
            pass
        cursor.execute("SELECT FROM request WHERE id = %s", (task_id,))
        while not cursor.rowcount:
            time.sleep(0.05)
            cursor.execute("SELECT FROM request WHERE id = %s", (task_id,))
        broker.delete("points", "unacked", "unacked_index")
    send(family, signal.SIGKILL)


def database_dies(stack: Stack, book: Book) -> list[int]:
    """Charge at the moment when PostgreSQL is killed; return the statuses that were answered."""
    send(stack.family("postgres"), signal.SIGKILL)
    return [charge(stack, book).status_code for _ in range(2)]


def carried_out_by_two(stack: Stack, book: Book) -> None:
    """Let a second worker come to a request that the first has in hand for longer than its lease.

    The first one waits for a row that the rig has locked. Another charge wakes the second one.
    """
    operation, body = "points.charge", {"amount": 900}
    user = f"fan-{uuid.uuid4().hex[:12]}"
    headers = {"Authorization": f"Bearer {stack.token(user)}"}
    with connected(stack) as cursor:
        cursor.execute("INSERT INTO point_account VALUES (%s, 0)", (user,))
    with closing(psycopg2.connect(stack.service.database_url)) as rival, rival.cursor() as cursor:
        cursor.execute("SELECT FROM point_account WHERE user_id = %s FOR UPDATE", (user,))
        answer = httpx.post(f"{stack.url}/v1/points/charges", json=body, headers=headers, timeout=10)
        book.promised(Promise(answer.json()["id"], user, operation, None, body))
        until = time.monotonic() + 14
        while _waiting_for_locks(stack) < 2 and time.monotonic() < until:
            charge(stack, book)
            time.sleep(0.5)
        rival.rollback()


def charges_waited_for(stack: Stack, book: Book, fans: int = 12) -> list[str]:
    """Let fans charge and prefer to wait up to 2 s; return who was answered late, and who was left parked."""
    asyncio.run(_charge_and_wait(stack, book, fans))
    scales = Lateness(stack.downtime, Shares())
    return [
        *lateness.violations([scales.weigh(*one) for one in book.waiting]),
        *verdict.left_parked(stack),
    ]


async def _charge_and_wait(stack: Stack, book: Book, fans: int) -> None:
    async with httpx.AsyncClient(base_url=stack.url) as client:

        async def fan(number: int) -> None:
            # After an unclear answer none of them tries again.
            caller = Caller(client, book, random.Random(number), lambda: True, waits=True, longest_wish=2)
            user = f"fan-{uuid.uuid4().hex[:12]}"
            token, body = stack.token(user), {"amount": 700}
            with suppress(GoneError):
                task = await caller.change("points.charge", user, token, "POST", "/v1/points/charges", body)
                await caller.outcome(task, token)

        await asyncio.gather(*(fan(number) for number in range(fans)))


def _waiting_for_locks(stack: Stack) -> int:
    with connected(stack) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        [(waiting,)] = cursor.fetchall()
    return int(waiting)


def crowd_at_the_door(stack: Stack, book: Book, *, until_admitted: int = 2) -> None:
    """Let twelve fans join the line of a concert for two, and wait until so many were admitted, at most 20 s."""
    concert_id, _ = new_concert(stack, capacity=2, rows=1, seats=1, price=1)
    for _ in range(12):
        submit(stack, book, "/v1/queue-tokens", {"concert_id": concert_id}, "queue_token.issue")
    until = time.monotonic() + 20
    while _admitted(stack, concert_id) < until_admitted and time.monotonic() < until:
        time.sleep(0.1)


def _admitted(stack: Stack, concert_id: int) -> int:
    with connected(stack) as cursor:
        cursor.execute("SELECT admitted_total FROM queue WHERE concert_id = %s", (concert_id,))
        [(admitted,)] = cursor.fetchall()
    return int(admitted)
