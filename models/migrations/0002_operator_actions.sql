-- The operators' audit trail, and what ties a request to the HTTP request it came with.

-- Append-only: who steered what, written in the transaction of the steering itself.
CREATE TABLE operator_action (
    id         bigserial PRIMARY KEY,
    at         timestamptz NOT NULL,
    user_id    text NOT NULL CHECK (user_id <> ''),
    action     text NOT NULL CHECK (action IN ('concert.create', 'queue.patch', 'reservation.release', 'payment.refund')),
    target     text NOT NULL CHECK (target <> ''),
    detail     jsonb NOT NULL,
    request_id uuid CONSTRAINT one_action_per_request UNIQUE
);

CREATE FUNCTION refuse_trail_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;

CREATE TRIGGER operator_action_is_append_only BEFORE UPDATE OR DELETE ON operator_action
    FOR EACH ROW EXECUTE FUNCTION refuse_trail_change();

-- An operator looks for all that a fan has, ended or not.
CREATE INDEX tokens_of_user ON queue_token (user_id, id);
CREATE INDEX reservations_of_user ON reservation (user_id, id);

-- Where a request came from: its HTTP request's id and, when traces are on, its `traceparent`. For logs and traces
-- alone: no operation reads it.
ALTER TABLE request ADD COLUMN trace jsonb;
