"""All queue tokens that a fan ever had, as an operator looks for them."""

from models.database import rows
from models.queue_token import SEEN, STANDING, Standing


def tokens_of_fan(user_id: str, *, limit: int, concert_id: int | None = None) -> list[Standing]:
    """Return up to `limit` tokens of a user (for one concert), ended ones too, newest first."""
    return [Standing(*found) for found in rows(_OF_USER, user_id=user_id, concert_id=concert_id, limit=limit)]


# The live ones, at most one a concert, are looked up concert by concert: only ended ones are indexed by user alone.
_OF_USER = f"""
    (SELECT {STANDING} FROM queue_token
      WHERE user_id = $user_id AND ended_at IS NOT NULL AND concert_id = coalesce($concert_id::bigint, concert_id)
      ORDER BY id DESC LIMIT $limit)
    UNION ALL
    (SELECT live.* FROM queue q CROSS JOIN LATERAL (
        SELECT {SEEN} FROM queue_token t
         WHERE t.concert_id = q.concert_id AND t.user_id = $user_id AND t.status IN ('waiting', 'active')) AS live
      WHERE q.concert_id = coalesce($concert_id::bigint, q.concert_id))
    ORDER BY id DESC LIMIT $limit
"""  # noqa: S608
