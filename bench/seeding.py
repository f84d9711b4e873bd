"""Fills a stack's database for a measurement, by SQL where the service itself would need hours.

What it writes keeps every invariant that `frontrow audit` knows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import jwt
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class.
from pydantic import SecretStr

from api.token_signature import QueueTokenClaims, TokenSignature
from bench.stack import Stack

PRICE = 1000
_numbers = count(1)

INSERT_TOKENS = """
    WITH line AS (
        UPDATE queue SET last_place = last_place + %(count)s,
               serving_number = CASE WHEN %(active)s THEN last_place + %(count)s ELSE serving_number END,
               admitted_total = admitted_total + CASE WHEN %(active)s THEN %(count)s ELSE 0 END
         WHERE concert_id = %(concert_id)s RETURNING last_place - %(count)s AS before)
    INSERT INTO queue_token (concert_id, user_id, place, status,
                             issued_at, admitted_at, used_at, expires_at, request_id)
    SELECT %(concert_id)s, %(prefix)s || (before + n), before + n,
           CASE WHEN %(active)s THEN 'active' ELSE 'waiting' END,
           now(), CASE WHEN %(active)s THEN now() END, CASE WHEN %(active)s THEN now() END,
           now() + interval '6 hours', uuidv7()
      FROM line, generate_series(1, %(count)s) AS n
"""
SELECT_TOKENS = """
    SELECT id, concert_id, place, user_id, issued_at FROM queue_token
     WHERE concert_id = %(concert_id)s AND status = %(status)s ORDER BY place
"""
INSERT_POINTS = """
    WITH account AS (
        INSERT INTO point_account (user_id, balance) SELECT unnest(%(users)s::text[]), %(amount)s RETURNING user_id)
    INSERT INTO point_entry (user_id, kind, amount, balance_after, created_at, reference, request_id)
    SELECT user_id, 'charge', %(amount)s, %(amount)s, now(), 'bench', uuidv7() FROM account
"""


@dataclass(frozen=True, slots=True)
class Concert:
    """A concert of a measurement, with the ids of its first performance's seats in order."""

    id: int
    performance_id: int
    seats: list[int]


class Seeder:
    """Writes into one stack; `sql` is its database, in autocommit."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sql: Connection = psycopg2.connect(stack.database_url)
        self.sql.autocommit = True
        self.signature = TokenSignature(SecretStr(stack.secret))

    def identity(self, user_id: str, *, operator: bool = False) -> str:
        """Return an identity JWT that the stack believes, good for three hours."""
        claims: dict[str, Any] = {"sub": user_id, "exp": datetime.now(UTC) + timedelta(hours=3)}
        if operator:
            claims["scope"] = "operator"
        return jwt.encode(claims, self.stack.secret, algorithm="HS256")

    def concert(self, *, seats: int = 100, capacity: int = 1_000_000, dates: int = 1) -> Concert:
        """Create a concert through the operator's own request; so many seats on each date, 100 a row."""
        now = datetime.now(UTC)
        section = {"name": "A", "rows": max(1, seats // 100), "seats_per_row": min(seats, 100), "price": PRICE}
        performance = {
            "starts_at": (now + timedelta(days=30)).isoformat(),
            "reservable_from": (now - timedelta(hours=1)).isoformat(),
            "reservable_until": (now + timedelta(days=29)).isoformat(),
            "sections": [section],
        }
        queue = {"capacity": capacity}
        body = {"title": "Bench", "venue": "Rig", "queue": queue, "performances": [performance] * dates}
        headers = {"Authorization": f"Bearer {self.identity('operator', operator=True)}"}
        url = self.stack.url + "/v1/operator/concerts"
        concert_id = int(httpx.post(url, json=body, headers=headers, timeout=60).raise_for_status().json()["id"])
        performance_id = self.rows("SELECT min(id) FROM performance WHERE concert_id = %s", concert_id)[0][0]
        found = self.rows("SELECT id FROM seat WHERE performance_id = %s ORDER BY id", performance_id)
        return Concert(concert_id, performance_id, [seat for (seat,) in found])

    def waiting(self, concert_id: int, tokens: int) -> None:
        """Put so many fans into the line."""
        self._tokens(concert_id, tokens, active=False)

    def active(self, concert_id: int, tokens: int) -> list[QueueTokenClaims]:
        """Put so many fans behind the line's end who have their turn already; returns all who have it."""
        self._tokens(concert_id, tokens, active=True)
        return self.claims(concert_id, "active")

    def _tokens(self, concert_id: int, tokens: int, *, active: bool) -> None:
        prefix = f"bench-{next(_numbers)}-"
        values = {"concert_id": concert_id, "count": tokens, "active": active, "prefix": prefix}
        with self.sql.cursor() as cursor:
            cursor.execute(INSERT_TOKENS, values)
            cursor.execute("ANALYZE queue_token")

    def claims(self, concert_id: int, status: str, sample: int | None = None) -> list[QueueTokenClaims]:
        """Return the tokens of a line in order, or about `sample` of them evenly spread."""
        found = self.rows(SELECT_TOKENS, concert_id=concert_id, status=status)
        step = max(1, len(found) // sample) if sample else 1
        return [QueueTokenClaims(*row) for row in found[::step]]

    def points(self, users: list[str], amount: int) -> None:
        """Give users who have no account yet an account with so many points."""
        with self.sql.cursor() as cursor:
            cursor.execute(INSERT_POINTS, {"users": users, "amount": amount})

    def bearer(self, claims: QueueTokenClaims) -> dict[str, str]:
        """Return the header that carries a queue token."""
        return {"Authorization": f"Bearer {self.signature.sign(claims)}"}

    def rows(self, statement: str, *positional: Any, **named: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.sql.cursor() as cursor:
            cursor.execute(statement, named or positional)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Close the connection."""
        self.sql.close()
