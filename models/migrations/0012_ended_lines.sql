-- The queue comes first, as workers lock it before its tokens.

-- A line that was ended: of its tokens up to the place `ended_through` none waits any more, from the moment `ended_at` on,
-- whether a sweep has ended it yet or not. They are no longer in the counters. And what a line still sells, as a sweep
-- last saw it: `sells_until` is the latest `reservable_until` of the dates with a seat that is not sold (null: it has no
-- dates), `sold_out` says that all seats that could still be reserved are sold.
ALTER TABLE queue
    DROP CONSTRAINT queue_state_check,
    ADD CONSTRAINT queue_state_check CHECK (state IN ('open', 'paused', 'closed', 'ended')),
    ADD COLUMN ended_through bigint NOT NULL DEFAULT 0,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN sold_out boolean NOT NULL DEFAULT false,
    ADD COLUMN sells_until timestamptz;

UPDATE queue q
   SET sells_until = (SELECT max(p.reservable_until) FROM performance p WHERE p.concert_id = q.concert_id);

-- Why a token ended, where its status does not say it.
ALTER TABLE queue_token ADD COLUMN end_reason text CHECK (end_reason IN ('queue_ended'));
