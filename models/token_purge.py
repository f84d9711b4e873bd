"""Tokens that are of no more use to anybody: ended long ago, and nothing was ever held with them."""

from datetime import datetime, timedelta

from models.database import rows

# Each pass looks back so far, so that the tokens that are kept for good are not looked at in every pass.
LOOKS_BACK = timedelta(days=30)


def purge(ended_before: datetime, limit: int) -> int:
    """Delete up to `limit` tokens that ended before a moment, and count those that were given up; return how many.

    What a line counts stays as it is: who was in it, who was admitted, who left.
    """
    [(purged,)] = rows(_PURGE, before=ended_before, after=ended_before - LOOKS_BACK, limit=limit)
    return int(purged)


_PURGE = """
    WITH purged AS (
           DELETE FROM queue_token WHERE id = ANY(ARRAY(
                  SELECT id FROM queue_token t
                   WHERE ended_at <= $before AND ended_at > $after AND status <> 'completed'
                     AND NOT EXISTS (SELECT FROM reservation r
                                      WHERE r.user_id = t.user_id AND r.queue_token_id = t.id)
                   ORDER BY ended_at LIMIT $limit FOR UPDATE SKIP LOCKED))
           RETURNING concert_id, status),
         counted AS (
           UPDATE queue SET left_purged = left_purged + given_up.tokens
             FROM (SELECT concert_id, count(*) AS tokens FROM purged WHERE status = 'left' GROUP BY concert_id) given_up
            WHERE queue.concert_id = given_up.concert_id)
    SELECT count(*) FROM purged
"""
