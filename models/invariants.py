"""Every invariant of the data, as a question to the database that must find nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """`figure` counts what is looked at; `violations` selects one text a violation."""

    name: str
    figure: str
    violations: str


UNKEPT_PROMISES = "no request older than a minute without an outcome"

INVARIANTS = (
    Invariant(
        "no balance below zero",
        "SELECT count(*) FROM point_account",
        "SELECT 'account ' || user_id || ' has ' || balance FROM point_account WHERE balance < 0",
    ),
    Invariant(
        "every balance equals its ledger",
        "SELECT coalesce(sum(amount), 0) FROM point_entry",
        """SELECT 'account ' || coalesce(a.user_id, e.user_id) || ' has ' || coalesce(a.balance, 0)
                  || ', its entries make ' || coalesce(e.total, 0)
             FROM point_account a
             FULL JOIN (SELECT user_id, sum(amount) AS total FROM point_entry GROUP BY user_id) e USING (user_id)
            WHERE coalesce(a.balance, 0) <> coalesce(e.total, 0)""",
    ),
    Invariant(
        "every entry continues the balance before it",
        "SELECT count(*) FROM point_entry",
        """SELECT 'entry ' || id || ' of ' || user_id || ' leads to ' || balance_after || ', not ' || expected
             FROM (SELECT id, user_id, balance_after,
                          sum(amount) OVER (PARTITION BY user_id ORDER BY id) AS expected FROM point_entry) e
            WHERE balance_after <> expected""",
    ),
    Invariant(
        "at most one live reservation or sale per seat",
        "SELECT count(*) FROM reservation_seat WHERE live",
        """SELECT 'seat ' || s.seat_id || ' is in live reservations ' || string_agg(r.id::text, ', ' ORDER BY r.id)
             FROM reservation_seat s JOIN reservation r ON r.id = s.reservation_id
            WHERE r.status IN ('held', 'confirmed') GROUP BY s.seat_id HAVING count(*) > 1""",
    ),
    Invariant(
        "every seat's status equals what reservations say",
        "SELECT count(*) FROM seat",
        """SELECT 'seat ' || s.id || ' is ' || s.status || coalesce(' until ' || s.held_until, '')
                  || ', reservations say ' || coalesce(l.says || coalesce(' until ' || l.until, ''), 'available')
             FROM seat s
             LEFT JOIN (SELECT rs.seat_id, r.id AS reservation_id,
                               CASE r.status WHEN 'held' THEN 'held' ELSE 'sold' END AS says,
                               CASE r.status WHEN 'held' THEN r.expires_at END AS until
                          FROM reservation_seat rs JOIN reservation r ON r.id = rs.reservation_id
                         WHERE r.status IN ('held', 'confirmed')) l ON l.seat_id = s.id
            WHERE s.status <> coalesce(l.says, 'available')
               OR s.reservation_id IS DISTINCT FROM l.reservation_id OR s.held_until IS DISTINCT FROM l.until""",
    ),
    Invariant(
        "every reservation's number and amount are those of its seats",
        "SELECT coalesce(sum(seat_count), 0) FROM reservation",
        """SELECT 'reservation ' || r.id || ' says ' || r.seat_count || ' seats for ' || r.amount || ', it took '
                  || count(s.id) || ' for ' || coalesce(sum(rs.price), 0)
             FROM reservation r
             LEFT JOIN reservation_seat rs ON rs.reservation_id = r.id
             LEFT JOIN seat s ON s.id = rs.seat_id AND s.performance_id = r.performance_id
            GROUP BY r.id HAVING count(s.id) <> r.seat_count OR coalesce(sum(rs.price), 0) <> r.amount""",
    ),
    Invariant(
        "a reservation's seats are live exactly while it is",
        "SELECT count(*) FROM reservation_seat",
        """SELECT 'reservation ' || r.id || ' is ' || r.status || ', its seat ' || s.seat_id
                  || CASE WHEN s.live THEN ' is live' ELSE ' is not' END
             FROM reservation_seat s JOIN reservation r ON r.id = s.reservation_id
            WHERE s.live <> (r.status IN ('held', 'confirmed'))""",
    ),
    Invariant(
        "one payment per confirmed reservation, and none without",
        "SELECT count(*) FROM payment",
        """SELECT 'reservation ' || r.id || ' is ' || r.status || ' with ' || count(p.id) || ' payments'
             FROM reservation r LEFT JOIN payment p ON p.reservation_id = r.id
            GROUP BY r.id
           HAVING count(p.id) <> CASE WHEN r.status IN ('confirmed', 'refunded') THEN 1 ELSE 0 END
               OR r.payment_id IS DISTINCT FROM max(p.id)
               OR bool_or(p.status = 'refunded') <> (r.status = 'refunded')""",
    ),
    Invariant(
        "every payment's amount equals its seats' prices",
        "SELECT coalesce(sum(amount), 0) FROM payment",
        """SELECT 'payment ' || p.id || ' took ' || p.amount || ', the seats cost ' || coalesce(s.total, 0)
             FROM payment p
             LEFT JOIN (SELECT reservation_id, sum(price) AS total FROM reservation_seat GROUP BY reservation_id) s
               USING (reservation_id)
            WHERE p.amount <> coalesce(s.total, 0)""",
    ),
    Invariant(
        "every payment is in the ledger once, and so is every refund",
        "SELECT count(*) FROM point_entry WHERE kind <> 'charge'",
        """SELECT 'payment ' || p.id || ' of ' || p.amount || ' (' || p.status || ') has '
                  || count(e.id) FILTER (WHERE e.kind = 'payment') || ' payment entries and '
                  || count(e.id) FILTER (WHERE e.kind = 'refund') || ' refund entries'
             FROM payment p LEFT JOIN point_entry e
               ON e.reference = 'payment:' || p.id AND e.user_id = p.user_id
              AND e.amount = CASE e.kind WHEN 'refund' THEN p.amount ELSE -p.amount END
            GROUP BY p.id
           HAVING count(e.id) FILTER (WHERE e.kind = 'payment') <> 1
               OR count(e.id) FILTER (WHERE e.kind = 'refund') <> CASE p.status WHEN 'refunded' THEN 1 ELSE 0 END
            UNION ALL
           SELECT kind || ' entry ' || e.id || ' of ' || e.user_id || ' stands for no payment'
             FROM point_entry e
            WHERE kind <> 'charge'
              AND NOT EXISTS (SELECT FROM payment p
                               WHERE e.reference = 'payment:' || p.id AND e.user_id = p.user_id)""",
    ),
    Invariant(
        "nothing paid after its hold ended",
        "SELECT count(*) FROM payment",
        """SELECT 'payment ' || p.id || ' came ' || (p.paid_at - r.expires_at) || ' after the hold ended'
             FROM payment p JOIN reservation r ON r.id = p.reservation_id WHERE p.paid_at >= r.expires_at""",
    ),
    Invariant(
        "active tokens within capacity",
        "SELECT count(*) FROM queue_token WHERE status = 'active'",
        """SELECT 'concert ' || q.concert_id || ' has ' || count(*) || ' active tokens, capacity ' || q.capacity
             FROM queue_token t JOIN queue q USING (concert_id)
            WHERE t.status = 'active'
            GROUP BY q.concert_id HAVING count(*) > greatest(q.capacity, q.admitted_under)""",
    ),
    Invariant(
        "no unused admission withdrawn before its fan was to ask again",
        "SELECT count(*) FROM queue_token WHERE asks_by IS NOT NULL",
        """SELECT 'token ' || id || ' ended ' || (asks_by - ended_at) || ' before its fan was to ask again'
             FROM queue_token
            WHERE status = 'expired' AND used_at IS NULL AND ended_at < asks_by AND ended_at < expires_at""",
    ),
    Invariant(
        "nothing is held with a token that was used up or given up",
        "SELECT count(*) FROM reservation WHERE status = 'held'",
        """SELECT 'reservation ' || r.id || ' is held with token ' || t.id || ', which is ' || t.status
             FROM reservation r JOIN queue_token t ON t.id = r.queue_token_id
            WHERE r.status = 'held' AND t.status IN ('completed', 'left')""",
    ),
    Invariant(
        "one live token per user and concert",
        "SELECT count(*) FROM queue_token WHERE status IN ('waiting', 'active')",
        """SELECT user_id || ' has ' || count(*) || ' live tokens for concert ' || concert_id
             FROM queue_token WHERE status IN ('waiting', 'active')
            GROUP BY concert_id, user_id HAVING count(*) > 1""",
    ),
    Invariant(
        "no user has more seats of a concert than a user may have",
        "SELECT coalesce(sum(seat_count), 0) FROM reservation WHERE status IN ('held', 'confirmed')",
        """SELECT user_id || ' has ' || sum(seat_count) || ' seats of concert ' || concert_id
             FROM reservation WHERE status = 'confirmed' OR status = 'held' AND expires_at > $now
            GROUP BY user_id, concert_id HAVING sum(seat_count) > $seats""",
    ),
    Invariant(
        "a reservation, its token, its date and its payment are of one user and concert",
        "SELECT count(*) FROM reservation",
        """SELECT 'reservation ' || r.id || ' disagrees with token ' || t.id || ', date ' || d.id
                  || coalesce(' or payment ' || p.id, '')
             FROM reservation r
             JOIN queue_token t ON t.id = r.queue_token_id JOIN performance d ON d.id = r.performance_id
             LEFT JOIN payment p ON p.reservation_id = r.id
            WHERE (t.user_id, t.concert_id, d.concert_id) <> (r.user_id, r.concert_id, r.concert_id)
               OR (p.user_id, p.concert_id) <> (r.user_id, r.concert_id)""",
    ),
    Invariant(
        "every line's counters equal its tokens",
        "SELECT count(*) FROM queue",
        """SELECT 'concert ' || q.concert_id || ' counts ' || q.last_place - q.admitted_total - q.gone_total
                  || ' waiting, there are ' || count(t.id)
             FROM queue q LEFT JOIN queue_token t
               ON t.concert_id = q.concert_id AND t.status = 'waiting' AND t.place > q.ended_through
            GROUP BY q.concert_id HAVING count(t.id) <> q.last_place - q.admitted_total - q.gone_total
            UNION ALL
           SELECT 'token ' || t.id || ' waits at place ' || place || ', although ' || serving_number || ' was admitted'
             FROM queue_token t JOIN queue USING (concert_id)
            WHERE status = 'waiting' AND place <= serving_number AND place > ended_through AND expires_at > $now""",
    ),
    Invariant(
        "nobody is admitted from a line after it was ended",
        "SELECT count(*) FROM queue_token WHERE end_reason = 'queue_ended'",
        """SELECT 'token ' || t.id || ' of place ' || t.place || ' is ' || t.status || ', the line was ended through '
                  || q.ended_through
             FROM queue_token t JOIN queue q USING (concert_id)
            WHERE t.place <= q.ended_through AND t.admitted_at > q.ended_at
               OR t.end_reason = 'queue_ended' AND (t.status <> 'expired' OR t.place > q.ended_through)""",
    ),
    Invariant(
        "one effect per request, and none without",
        "SELECT count(*) FROM request WHERE status = 'done'",
        """WITH effect (request_id, operation, name) AS (
               SELECT request_id, 'reservation.hold', 'reservation ' || id FROM reservation
               UNION ALL SELECT request_id, 'queue_token.issue', 'token ' || id FROM queue_token
               UNION ALL SELECT request_id, 'payment.pay', 'payment ' || id FROM payment
               UNION ALL SELECT request_id, CASE kind WHEN 'charge' THEN 'points.charge'
                                                      WHEN 'payment' THEN 'payment.pay'
                                                      ELSE 'payment.refund' END,
                                kind || ' entry ' || id FROM point_entry),
           counted AS (SELECT request_id, operation, count(*) AS effects, string_agg(name, ', ') AS names
                         FROM effect GROUP BY request_id, operation)
           SELECT r.operation || ' ' || r.id || ' is ' || r.status || ' with ' || coalesce(c.names, 'no effect')
             FROM request r LEFT JOIN counted c ON c.request_id = r.id AND c.operation = r.operation
            WHERE r.operation IN ('reservation.hold', 'payment.pay', 'points.charge', 'payment.refund')
              AND coalesce(c.effects, 0) <> CASE WHEN r.status <> 'done' THEN 0
                                                 WHEN r.operation = 'payment.pay' THEN 2 ELSE 1 END
               OR r.operation = 'queue_token.issue'
              AND coalesce(c.effects, 0) > CASE WHEN r.status = 'done' THEN 1 ELSE 0 END
            UNION ALL
           SELECT r.operation || ' ' || r.id || ' is done, its reservation is ' || coalesce(v.status, 'unknown')
             FROM request r LEFT JOIN reservation v ON v.id = (r.arguments ->> 'reservation_id')::bigint
            WHERE r.operation = 'reservation.release' AND r.status = 'done' AND v.status IS DISTINCT FROM 'released'
            UNION ALL
           SELECT r.operation || ' ' || r.id || ' is done, its token is ' || coalesce(t.status, 'unknown')
             FROM request r LEFT JOIN queue_token t ON t.id = (r.arguments ->> 'queue_token_id')::bigint
            WHERE r.operation = 'queue_token.leave' AND r.status = 'done' AND t.status IS DISTINCT FROM 'left'""",
    ),
    Invariant(
        UNKEPT_PROMISES,
        "SELECT count(*) FROM request WHERE status = 'queued'",
        """SELECT operation || ' ' || id || ' waits since ' || submitted_at
             FROM request WHERE status = 'queued' AND submitted_at < $promised_before ORDER BY submitted_at""",
    ),
)
