"""The statements over the request rows; the hot ones are prepared."""

from models.database import Prepared
from models.queue_token import STANDING

ACCEPT = Prepared(
    "accept_requests",
    "uuid[], text[], text[], jsonb[], text[], text[], timestamptz[], timestamptz[], jsonb[]",
    """
    INSERT INTO request (id, operation, user_id, arguments, idempotency_key, fingerprint, submitted_at, due_at, trace)
    SELECT s.id, s.operation, s.user_id, s.arguments, s.key, s.fingerprint, s.at, s.at, s.trace
      FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
        AS s (id, operation, user_id, arguments, key, fingerprint, at, until, trace)
     WHERE clock_timestamp() < s.until
    ON CONFLICT DO NOTHING RETURNING id
    """,
)

# What was asked for with a queue token belongs to that token's concert, whatever the operation. Mostly it is the very
# token that asks again, and nothing more is looked up. Each row is looked up by its key (the LIMITs forbid a join): a
# plan that was made while the tables were empty would read all of them when the crowd has come.
TASKS = Prepared(
    "find_tasks",
    "uuid[], text[], bigint[]",
    f"""
    SELECT wanted.id, wanted.user_id, wanted.token_id, {", ".join(f"token.{name}" for name in STANDING.split(", "))},
           request.operation, request.status, submitted_at, finished_at, result, problem
      FROM unnest($1, $2, $3) AS wanted (id, user_id, token_id)
      LEFT JOIN LATERAL (SELECT {STANDING} FROM queue_token WHERE id = wanted.token_id LIMIT 1) AS token ON true
      LEFT JOIN LATERAL (
           SELECT * FROM request
            WHERE id = wanted.id AND user_id = wanted.user_id
              AND (wanted.token_id IS NULL
                   OR arguments ->> 'queue_token_id' = wanted.token_id::text
                   OR token.concert_id = (SELECT concert_id FROM queue_token
                                           WHERE id = (arguments ->> 'queue_token_id')::bigint))
            LIMIT 1) AS request ON true
    """,  # noqa: S608  # They are the columns.
)

FIND_BY_KEY = """
    SELECT id, submitted_at, fingerprint FROM request
     WHERE id = $id::uuid OR (user_id = $user_id AND operation = $operation AND idempotency_key = $key)
"""

# The count of attempts need not survive a crash of the server, only one of the worker, so nobody
# waits for the disk: `set_config` says so for this statement's own transaction. The ids are arrays, which are
# made once: a semi-join may run its locking subquery again for each row, and so pass the LIMIT.
# Requests are taken oldest first, so one that was in hand before is looked for among those older than the fresh ones,
# however many of these wait.
CLAIM = Prepared(
    "claim_requests",
    "text, timestamptz, timestamptz, bigint",
    """
    UPDATE request SET attempts = attempts + 1, due_at = $3
     WHERE id = ANY(ARRAY(SELECT id FROM request WHERE operation = $1 AND status = 'queued' AND attempts = 0
                           ORDER BY submitted_at LIMIT $4 FOR UPDATE SKIP LOCKED)
                 || ARRAY(SELECT id FROM request
                           WHERE operation = $1 AND status = 'queued' AND attempts > 0 AND due_at <= $2
                             AND submitted_at <= coalesce(
                                 (SELECT submitted_at FROM request WHERE operation = $1 AND status = 'queued'
                                     AND attempts = 0 ORDER BY submitted_at LIMIT 1), 'infinity')
                           ORDER BY submitted_at LIMIT 1 FOR UPDATE SKIP LOCKED))
       AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
    RETURNING id, user_id, arguments, submitted_at, trace, attempts
    """,
)

# The status is a parameter here and below, so that the rows are found by their ids and not among all that are queued.
LOCK_QUEUED = Prepared(
    "lock_queued",
    "uuid[], text",
    "SELECT id FROM request WHERE id = ANY($1) AND status = $2 ORDER BY id FOR UPDATE SKIP LOCKED",
)

# In the form of Pony's own, so that it goes with what Pony saves.
FINISH = """
    UPDATE "request" SET "status" = %(new_status)s, "result" = %(new_result)s, "problem" = %(new_problem)s,
           "finished_at" = %(now)s
     WHERE "id" = %(request_id)s AND "status" = %(queued)s
""".strip()

PURGE = """
    DELETE FROM request WHERE id = ANY(ARRAY(
        SELECT id FROM request WHERE submitted_at <= $before AND finished_at <= $before AND status <> 'queued'
         LIMIT $limit FOR UPDATE SKIP LOCKED))
"""
