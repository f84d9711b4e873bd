"""Joining the line, many at once: what moves a queue and its tokens together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from models.clock import to_rfc3339
from models.database import Prepared
from models.ending import QUEUE_ENDED
from models.errors import (
    ConcertNotFoundError,
    DomainError,
    JoinLimitError,
    QueueClosedError,
    QueueEndedError,
    SaleOverError,
)
from models.line import HEAD, Line
from models.locking import lock
from models.order import Order
from models.policy import Policy
from models.queue import Queue, QueueState
from models.queue_token import LIVE, STANDING, QueueToken, QueueTokenStatus, Standing
from models.sales import is_over

JOINS_COUNTED_FOR = timedelta(hours=1)


class _Joins(NamedTuple):
    """How often a user joined a line within the hour and has left it since, the first time of these."""

    times: int
    first_at: datetime

    def and_at(self, issued_at: datetime) -> "_Joins":
        return _Joins(self.times + 1, min(self.first_at, issued_at))


def issue(orders: Sequence[Order], clock: Callable[[], datetime], policy: Policy) -> list[dict[str, Any] | DomainError]:
    """Give each order's user a place in the line of `concert_id`; return a token or a refusal for each, in order.

    Whoever has a live token for the concert gets that one. Everybody joins in the same seconds, so
    this is the one operation that takes all its orders at once: a handful of statements for hundreds
    of fans. Locks the queues, and the live tokens that are over by time; `clock` is asked after that.

    Refuses with `ConcertNotFoundError`, `QueueEndedError`, `QueueClosedError`, `SaleOverError`, `JoinLimitError`.
    """
    lines = lock(Queue, [order.arguments["concert_id"] for order in orders])
    queues = {concert_id: queue for concert_id, queue in lines.items() if queue.deleted_at is None}
    known_lines = [order for order in orders if order.arguments["concert_id"] in queues]
    known, joins, now = _live_tokens(known_lines, queues, clock)
    refusals = {concert_id: _refusal_of_newcomers(queue, now) for concert_id, queue in queues.items()}
    often = {key: past for key, past in joins.items() if past.times >= policy.joins_per_hour}
    fresh: dict[tuple[int, str], tuple[Any, ...]] = {}
    for order in orders:
        concert_id, user_id = key = (order.arguments["concert_id"], order.user_id)
        queue = queues.get(concert_id)
        if queue is None or key in known or key in fresh or key in often or refusals[concert_id]:
            continue
        fresh[key] = (concert_id, user_id, queue.next_place(), str(order.request_id))
    issued = _insert(list(fresh.values()), now, now + policy.waiting_token)
    positions = _positions(known, issued, queues, now)
    tokens = known | issued
    return [_answer(order, queues, refusals, tokens, positions, often, policy) for order in orders]


def _refusal_of_newcomers(queue: Queue, now: datetime) -> DomainError | None:
    if queue.state == QueueState.ENDED:
        return QueueEndedError(f"The line of concert {queue.concert_id} was ended.")
    if queue.state == QueueState.CLOSED:
        return QueueClosedError(f"The line of concert {queue.concert_id} is closed.")
    if is_over(queue, now):
        return SaleOverError(f"Nothing is left to be sold of concert {queue.concert_id}.", sold_out=queue.sold_out)
    return None


def _answer(  # It is what was read for all of them.
    order: Order,
    queues: Mapping[int, Queue],
    refusals: Mapping[int, DomainError | None],
    tokens: Mapping[tuple[int, str], Standing],
    positions: Mapping[int, int],
    often: Mapping[tuple[int, str], _Joins],
    policy: Policy,
) -> dict[str, Any] | DomainError:
    concert_id = order.arguments["concert_id"]
    if concert_id not in queues:
        return ConcertNotFoundError(f"There is no concert {concert_id}.")
    standing = tokens.get((concert_id, order.user_id))
    if standing is None and (refusal := refusals[concert_id]):
        return refusal
    if standing is None:
        limit, until = policy.joins_per_hour, often[concert_id, order.user_id].first_at + JOINS_COUNTED_FOR
        message = f"A user may join a line {limit} times an hour."
        return JoinLimitError(message, limit=limit, joinable_from=to_rfc3339(until))
    position = positions.get(standing.id)
    shown = {**standing.view(None, policy, sold_out=queues[concert_id].sold_out), "position": position}
    if position is not None:
        paced = standing.told(queues[concert_id].wait_seconds(position), policy)
        shown |= {"poll_after_seconds": paced.seconds, "watch": paced.watch}
    return shown


def _live_tokens(
    orders: Sequence[Order], queues: Mapping[int, Queue], clock: Callable[[], datetime]
) -> tuple[dict[tuple[int, str], Standing], dict[tuple[int, str], _Joins], datetime]:
    """Return the live tokens of the orders' users, their earlier joins, and the time after the last lock.

    Tokens that are over, by time or with their line, are ended here and omitted.
    """
    now = clock()
    if not orders:
        return {}, {}, now
    since, concerts = now - JOINS_COUNTED_FOR, [order.arguments["concert_id"] for order in orders]
    found = [Standing(*row) for row in _LIVE.rows(concerts, [order.user_id for order in orders], since)]
    standings = [standing for standing in found if standing.id]
    joins = {(row.concert_id, row.user_id): _Joins(row.place, row.issued_at) for row in found if not row.id}
    ended = {standing.id for standing in standings if ended_with(queues[standing.concert_id], standing)}
    overdue = {standing.id: standing for standing in standings if standing.is_over(now) or standing.id in ended}
    locked = lock(QueueToken, overdue)
    now = clock()
    for token in locked.values():
        if token.id in ended:
            token.end_reason = QUEUE_ENDED
        elif token.status in LIVE and token.expires_at > now:
            # A hold has kept it alive since it was read.
            del overdue[token.id]
            continue
        elif token.status == QueueTokenStatus.WAITING:
            Queue.locked(token.concert_id).gone_total += 1
        if token.status in LIVE:
            token.expire(now)
        if token.issued_at > since:
            key = (token.concert_id, token.user_id)
            joins[key] = joins.get(key, _Joins(0, now)).and_at(token.issued_at)
    live = {(token.concert_id, token.user_id): token for token in standings if token.id not in overdue}
    return live, joins, now


def ended_with(queue: Queue, token: Standing) -> bool:
    """Tell whether a token waited when its line was ended; it left the line's counters then."""
    return token.status == QueueTokenStatus.WAITING and token.place <= queue.ended_through


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
    waiting += [token for token in issued.values() if positions[token.id] is None]
    lines = {concert_id: Line.load(concert_id, now) for concert_id in {token.concert_id for token in waiting}}
    seen = {token.id: lines[token.concert_id].position(token.place) for token in waiting}
    return {token_id: position for token_id, position in positions.items() if position is not None} | seen


def _position_of_newcomer(token: Standing, queue: Queue) -> int | None:
    """Return the position of a new token; None where others left a long line, which has to be looked at."""
    by_place: int = token.place - queue.passed_place
    behind: int = queue.last_place - token.place
    if queue.waiting < HEAD:
        return max(1, min(by_place, queue.waiting - behind))
    return max(1, by_place) if by_place <= queue.waiting - behind else None


# Each user is looked up by index (`LATERAL` with a LIMIT or an aggregate is no join): a plan that was made while the
# table was empty would read all who wait, again for each batch of those who join.
_LIVE = Prepared(
    "find_live_tokens",
    "bigint[], text[], timestamptz",
    # And in the same trip, with the id 0, how many ended tokens of theirs were issued lately, and the first of these.
    f"""
    SELECT live.* FROM unnest($1, $2) AS wanted (concert_id, user_id)
     CROSS JOIN LATERAL (
           SELECT {STANDING} FROM queue_token
            WHERE concert_id = wanted.concert_id AND user_id = wanted.user_id AND status IN ('waiting', 'active')
            LIMIT 1) AS live
    UNION ALL
    SELECT 0, wanted.concert_id, wanted.user_id, past.times, 'ended', past.first_at, NULL, NULL,
           past.first_at, NULL, NULL
      FROM unnest($1, $2) AS wanted (concert_id, user_id)
     CROSS JOIN LATERAL (
           SELECT count(*) AS times, min(issued_at) AS first_at FROM queue_token
            WHERE user_id = wanted.user_id AND concert_id = wanted.concert_id
              AND ended_at IS NOT NULL AND issued_at > $3) AS past
     WHERE past.times > 0
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
