"""The verdict after a run: what the fans were promised and told, held against what stands in the database."""

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import psutil

from api.preferences import LONGEST_WAIT_SECONDS
from cli import procfile
from tests.faults.book import TERMINAL, Book, lasting
from tests.faults.stack import Stack
from tests.faults.witness import audit_now, connected, seen

# So long after the last fault and the last fan every promise must be kept.
SETTLE_SECONDS = 15.0
# So long after the last fan has gone nobody may be left parked: the longest wait, and a look at the clock.
PARKED_SECONDS = LONGEST_WAIT_SECONDS + 1.0


def settle(stack: Stack, seconds: float = SETTLE_SECONDS) -> int:
    """Wait until no request is without an outcome, but not longer; return how many are left."""
    deadline = time.monotonic() + seconds
    while True:
        with connected(stack) as cursor:
            cursor.execute("SELECT count(*) FROM request WHERE status = 'queued'")
            [(queued,)] = cursor.fetchall()
        if not queued or time.monotonic() > deadline:
            return int(queued)
        time.sleep(0.2)


def left_parked(stack: Stack, seconds: float = PARKED_SECONDS) -> list[str]:
    """Wait until web has answered everybody, but not longer; return who was left parked, as violations.

    To be asked when all clients have gone: their parked connections are half closed until web notices.
    """
    deadline = time.monotonic() + seconds
    while left := _half_closed(stack):
        if time.monotonic() > deadline:
            return [f"{left} requests were left parked {seconds:.0f} s after everybody had gone"]
        time.sleep(0.2)
    return []


def _half_closed(stack: Stack) -> int:
    found = 0
    for process in stack.pool("web"):
        with suppress(psutil.Error):
            connections = process.net_connections("tcp")
            found += sum(one.laddr.port == stack.port and one.status == psutil.CONN_CLOSE_WAIT for one in connections)
    return found


def judge(stack: Stack, book: Book, seconds: float = SETTLE_SECONDS) -> list[str]:
    """Return every violation there is, those that were seen during the run included."""
    queued = settle(stack, seconds)
    late = [f"{queued} requests have no outcome {seconds:.0f} s after the end"] if queued else []
    requests = _requests(stack)
    return [
        *book.violations,
        *late,
        *seen(stack),
        *_kept(book, requests),
        *_explained(book, requests),
        *_effects(stack, book),
        *_steered(stack),
        *_money(stack),
        *audit_now(stack, promises_too=True),
        *_audit_command(stack),
    ]


def _requests(stack: Stack) -> dict[str, dict[str, Any]]:
    columns = ("id", "user", "operation", "key", "status", "result", "problem")
    with connected(stack) as cursor:
        cursor.execute(_REQUESTS)
        found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    for row in found:
        row.update({name: json.loads(row[name]) if row[name] else None for name in ("result", "problem")})
    return {row["id"]: row for row in found}


_REQUESTS = "SELECT id::text, user_id, operation, idempotency_key, status, result::text, problem::text FROM request"


def _kept(book: Book, requests: dict[str, dict[str, Any]]) -> list[str]:
    """Every 202 has its row and an outcome, and what was told is what stands there."""
    found = []
    for promise in book.promises.values():
        row = requests.get(promise.task_id)
        what = f"{promise.operation} {promise.task_id} of {promise.user}"
        if row is None:
            found.append(f"{what} was promised and is lost")
        elif row["status"] not in TERMINAL:
            found.append(f"{what} was promised and has no outcome")
        elif row["status"] == "failed" and not promise.user.startswith("poisoned"):
            found.append(f"{what} failed: {row['problem']}")
    for task_id, task in book.told.items():
        row = requests.get(task_id)
        if row is not None and _as_told(row) != _as_stored(task):
            found.append(f"task {task_id} was told as {_as_stored(task)} and is {_as_told(row)}")
    return found


def _as_told(row: dict[str, Any]) -> tuple[str, Any]:
    return row["status"], lasting(row["result"] or {}) or (row["problem"] or {}).get("code")


def _as_stored(task: dict[str, Any]) -> tuple[str, Any]:
    result = {name: value for name, value in lasting(task["result"] or {}).items() if name != "token"}
    return task["status"], result or (task["problem"] or {}).get("code")


def _explained(book: Book, requests: dict[str, dict[str, Any]]) -> list[str]:
    """A request that nobody was promised must come from a send without a clear answer: one row a send at most."""
    strangers = Counter(
        (row["user"], row["operation"])
        for task_id, row in requests.items()
        if task_id not in book.promises and not row["user"].startswith("probe") and row["operation"] != STEERED
    )
    return [
        f"{user} has {count} requests {operation} nobody promised, {book.unsure[user, operation]} sends were unclear"
        for (user, operation), count in strangers.items()
        if count > book.unsure[user, operation]
    ]


# It is answered at once, so nobody is promised its outcome.
STEERED = "queue.patch"
_EFFECT_OF = {
    "points.charge": "SELECT request_id::text, id, amount FROM point_entry WHERE kind = 'charge'",
    "reservation.hold": "SELECT request_id::text, id, amount FROM reservation",
    "payment.pay": "SELECT request_id::text, id, amount FROM payment",
}
_ID_OF = {"points.charge": "entry_id", "reservation.hold": "id", "payment.pay": "payment_id"}


def _effects(stack: Stack, book: Book) -> list[str]:
    """What a fan was told was done is there, with his id and his amount."""
    found = []
    for operation, sql in _EFFECT_OF.items():
        with connected(stack) as cursor:
            cursor.execute(sql)
            effects = {request_id: (id_, amount) for request_id, id_, amount in cursor.fetchall()}
        for task_id, task in book.told.items():
            if task["operation"] != operation or task["status"] != "done":
                continue
            body = book.promises[task_id].body or {}
            amount = body.get("amount", task["result"].get("amount"))
            if effects.get(task_id) != (told := (task["result"][_ID_OF[operation]], amount)):
                found.append(f"{operation} {task_id} was told as {told} and had the effect {effects.get(task_id)}")
    return found


def _steered(stack: Stack) -> list[str]:
    """What an operator set with a key was done and put on record as often as there are keys."""
    with connected(stack) as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM request WHERE operation = %(steered)s),"
            " (SELECT count(*) FROM operator_action WHERE action = %(steered)s AND user_id = 'operator')",
            {"steered": STEERED},
        )
        [(keys, deeds)] = cursor.fetchall()
    return [] if keys == deeds else [f"the line was steered with {keys} keys and {deeds} times by the trail"]


def _money(stack: Stack) -> list[str]:
    """What came in is what is left and what was paid; the sums are made without the ledger's own balances."""
    with connected(stack) as cursor:
        cursor.execute("""
            SELECT (SELECT coalesce(sum((arguments->>'amount')::bigint), 0) FROM request
                     WHERE operation = 'points.charge' AND status = 'done'),
                   (SELECT coalesce(sum(balance), 0) FROM point_account),
                   (SELECT coalesce(sum(s.price), 0) FROM seat s JOIN reservation r ON r.id = s.reservation_id
                     WHERE s.status = 'sold' AND r.status = 'confirmed')""")
        [(charged, left, sold)] = cursor.fetchall()
    return (
        [] if charged == left + sold else [f"{charged} points came in, {left} are left and {sold} were paid for seats"]
    )


def _audit_command(stack: Stack) -> list[str]:
    command = [sys.executable, "-m", "cli.main", "audit", "--data-dir", str(stack.data_dir.path)]
    done = subprocess.run(command, cwd=procfile.ROOT, capture_output=True, text=True, check=False, timeout=120)
    return [] if done.returncode == 0 else [f"frontrow audit: {done.stdout[-2000:]}{done.stderr[-500:]}"]


def figures(stack: Stack) -> dict[str, Any]:
    """Return what stands in the database, in numbers."""
    with connected(stack) as cursor:
        cursor.execute("SELECT operation || ' ' || status, count(*) FROM request GROUP BY 1 ORDER BY 1")
        requests = dict(cursor.fetchall())
        cursor.execute("""
            SELECT max(extract(epoch FROM finished_at - submitted_at)), max(attempts),
                   (SELECT sum(amount) FROM point_entry WHERE kind = 'charge'),
                   (SELECT count(*) FROM payment), (SELECT count(*) FROM queue_token) FROM request""")
        [(longest, attempts, charged, payments, tokens)] = cursor.fetchall()
    return {
        "requests by outcome": requests,
        "longest from 202 to outcome, s": round(float(longest or 0), 2),
        "most attempts": attempts,
        "points charged": int(charged or 0),
        "payments": payments,
        "tokens": tokens,
    }
