"""Joining the line and leaving it: what moves a queue and its tokens together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.database import Prepared
from models.errors import ConcertNotFoundError, DomainError, QueueClosedError, TokenInvalidError
from models.line import HEAD, Line
from models.locking import lock
from models.order import Order
from models.policy import Policy
from models.queue import Queue, QueueState
from models.queue_token import LIVE, STANDING, QueueToken, QueueTokenStatus, Standing, expired
from models.token_holds import give_back, lock_held_by


def issue(orders: Sequence[Order], clock: Callable[[], datetime], policy: Policy) -> list[dict[str, Any] | DomainError]:
    """Give each order's user a place in the line of `concert_id`; return a token or a refusal for each, in order.

    Whoever has a live token for the concert gets that one. Everybody joins in the same seconds, so
    this is the one operation that takes all its orders at once: a handful of statements for hundreds
    of fans. Locks the queues, and the live tokens that are over by time; `clock` is asked after that.

    Refuses with `ConcertNotFoundError`, `QueueClosedError`.
    """
    queues = lock(Queue, [order.arguments["concert_id"] for order in orders])
    known, now = _live_tokens([order for order in orders if order.arguments["concert_id"] in queues], clock)
    fresh: dict[tuple[int, str], tuple[Any, ...]] = {}
    for order in orders:
        concert_id, user_id = key = (order.arguments["concert_id"], order.user_id)
        queue = queues.get(concert_id)
        if queue is None or key in known or key in fresh or queue.state == QueueState.CLOSED:
            continue
        fresh[key] = (concert_id, user_id, queue.next_place(), str(order.request_id))
    issued = _insert(list(fresh.values()), now, now + policy.waiting_token)
    positions = _positions(known, issued, queues, now)
    tokens = known | issued
    return [_answer(order, queues, tokens, positions, policy) for order in orders]


def _answer(
    order: Order,
    queues: Mapping[int, Queue],
    tokens: Mapping[tuple[int, str], Standing],
    positions: Mapping[int, int],
    policy: Policy,
) -> dict[str, Any] | DomainError:
    concert_id = order.arguments["concert_id"]
    if concert_id not in queues:
        return ConcertNotFoundError(f"There is no concert {concert_id}.")
    standing = tokens.get((concert_id, order.user_id))
    if standing is None:
        return QueueClosedError(f"The line of concert {concert_id} is closed.")
    position = positions.get(standing.id)
    shown = {**standing.view(None, policy), "position": position}
    if position is not None:
        paced = standing.told(queues[concert_id].wait_seconds(position), policy)
        shown |= {"poll_after_seconds": paced.seconds, "watch": paced.watch}
    return shown


def _live_tokens(
    orders: Sequence[Order], clock: Callable[[], datetime]
) -> tuple[dict[tuple[int, str], Standing], datetime]:
    """Return the live tokens of the orders' users, and the time after the last lock.

    Tokens that are over by time are ended here and omitted.
    """
    now = clock()
    if not orders:
        return {}, now
    found = _LIVE.rows([order.arguments["concert_id"] for order in orders], [order.user_id for order in orders])
    standings = [Standing(*row) for row in found]
    overdue = {standing.id: standing for standing in standings if standing.is_over(now)}
    locked = lock(QueueToken, overdue)
    now = clock()
    for token in locked.values():
        if token.status in LIVE and token.expires_at > now:
            # A hold has kept it alive since it was read.
            del overdue[token.id]
            continue
        if token.status == QueueTokenStatus.WAITING:
            Queue.locked(token.concert_id).gone_total += 1
        if token.status in LIVE:
            token.expire(now)
    return {(token.concert_id, token.user_id): token for token in standings if token.id not in overdue}, now


def _insert(
    tokens: Sequence[tuple[int, str, int, str]], now: datetime, expires_at: datetime
) -> dict[tuple[int, str], Standing]:
    """Insert new tokens (concert, user, place, request) with one statement."""
    if not tokens:
        return {}
    concerts, users, places, requests = (list(column) for column in zip(*tokens, strict=True))
    # Pony saves what was changed before (the queue's counters, tokens that ended), so the index finds it.
    inserted = _INSERT.rows(concerts, users, places, requests, now, expires_at)
    return {(standing.concert_id, standing.user_id): standing for standing in (Standing(*row) for row in inserted)}


def _positions(
    known: Mapping[tuple[int, str], Standing],
    issued: Mapping[tuple[int, str], Standing],
    queues: Mapping[int, Queue],
    now: datetime,
) -> dict[int, int]:
    """Return the position of each token that waits, by token: what a poll says now, or more for the end of a long line.

    Behind a new token stand only those of this batch, so it needs no look at the line; from behind one
    that was here before, somebody may have left.
    """
    positions = {token.id: _position_of_newcomer(token, queues[token.concert_id]) for token in issued.values()}
    waiting = [token for token in known.values() if token.status == QueueTokenStatus.WAITING]
    lines = {concert_id: Line.load(concert_id, now) for concert_id in {token.concert_id for token in waiting}}
    return positions | {token.id: lines[token.concert_id].position(token.place) for token in waiting}


def _position_of_newcomer(token: Standing, queue: Queue) -> int:
    by_place: int = token.place - queue.serving_number
    behind: int = queue.last_place - token.place
    return max(1, min(by_place, queue.waiting - behind)) if queue.waiting < HEAD else max(1, by_place)


def leave(token_id: int, user_id: str, now: datetime) -> Standing:
    """Give up a place; held seats of the token become free. Locks queue, token, its holds and their seats.

    Refuses with `TokenInvalidError`, or `TokenExpiredError` when nothing is left to give up.
    """
    standing = QueueToken.standing(token_id)
    if standing is None or standing.user_id != user_id:
        message = "There is no such queue token."
        raise TokenInvalidError(message)
    queue = Queue.locked(standing.concert_id)
    token = lock(QueueToken, [token_id])[token_id]
    if token.status not in LIVE or token.expires_at <= now:
        raise expired(token.status)
    if token.status == QueueTokenStatus.WAITING:
        queue.gone_total += 1
    give_back(token_id, now)
    token.leave(now)
    return token.as_standing()


def lock_for_leaves(token_ids: Sequence[int]) -> None:
    """Lock what many leaves will need, a statement a table, in the common order."""
    lock(Queue, [concert_id for (concert_id,) in _CONCERTS.rows(list(token_ids))])
    lock(QueueToken, token_ids)
    lock_held_by(token_ids)


_CONCERTS = Prepared(
    "find_concerts_of_tokens", "bigint[]", "SELECT DISTINCT concert_id FROM queue_token WHERE id = ANY($1)"
)

_LIVE = Prepared(
    "find_live_tokens",
    "bigint[], text[]",
    f"""
    SELECT {STANDING} FROM queue_token
     WHERE status IN ('waiting', 'active') AND (concert_id, user_id) IN (SELECT * FROM unnest($1, $2))
    """,  # noqa: S608  # It is put together from constants.
)

_INSERT = Prepared(
    "insert_queue_tokens",
    "bigint[], text[], bigint[], uuid[], timestamptz, timestamptz",
    f"""
    INSERT INTO queue_token (concert_id, user_id, place, request_id, issued_at, expires_at, status)
    SELECT *, $5, $6, 'waiting' FROM unnest($1, $2, $3, $4) RETURNING {STANDING}
    """,  # noqa: S608
)
