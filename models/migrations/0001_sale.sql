-- The sale: programme, line, holds, points and payments. This file is the schema's truth; the
-- entities in models/ are mapped onto it and a test holds the two together.
--
-- Status columns have a CHECK, and what must never happen twice has a unique index whose name says it.

CREATE TABLE concert (
    id          bigserial PRIMARY KEY,
    title       text NOT NULL CHECK (title <> ''),
    venue       text NOT NULL,
    created_at  timestamptz NOT NULL
);

-- The line of a concert. Its row is locked by whoever adds to the line or admits from it.
CREATE TABLE queue (
    concert_id       bigint PRIMARY KEY REFERENCES concert,
    state            text NOT NULL CHECK (state IN ('open', 'paused', 'closed')),
    capacity         integer NOT NULL CHECK (capacity >= 1),
    admitted_under   integer NOT NULL DEFAULT 0,
    admit_per_second double precision CHECK (admit_per_second > 0),
    last_place       bigint NOT NULL DEFAULT 0,
    serving_number   bigint NOT NULL DEFAULT 0,
    admitted_total   bigint NOT NULL DEFAULT 0,
    gone_total       bigint NOT NULL DEFAULT 0,
    credit           double precision NOT NULL DEFAULT 0,
    credited_at      timestamptz NOT NULL,
    admission_rate   double precision NOT NULL DEFAULT 0,
    CHECK (serving_number <= last_place),
    CHECK (admitted_total + gone_total <= last_place)
);

CREATE TABLE queue_token (
    id          bigserial PRIMARY KEY,
    concert_id  bigint NOT NULL REFERENCES queue,
    user_id     text NOT NULL CHECK (user_id <> ''),
    place       bigint NOT NULL CHECK (place >= 1),
    status      text NOT NULL CHECK (status IN ('waiting', 'active', 'completed', 'expired', 'left')),
    issued_at   timestamptz NOT NULL,
    admitted_at timestamptz,
    used_at     timestamptz,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    request_id  uuid NOT NULL CONSTRAINT one_token_per_request UNIQUE,
    CHECK ((status IN ('waiting', 'active')) = (ended_at IS NULL)),
    CHECK (status <> 'waiting' OR admitted_at IS NULL),
    CHECK (status NOT IN ('active', 'completed') OR admitted_at IS NOT NULL),
    CONSTRAINT one_token_per_place UNIQUE (concert_id, place)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE UNIQUE INDEX one_live_token_per_user ON queue_token (concert_id, user_id) WHERE status IN ('waiting', 'active');
CREATE INDEX active_tokens ON queue_token (concert_id, expires_at) WHERE status = 'active';
CREATE INDEX waiting_tokens_by_expiry ON queue_token (concert_id, expires_at) WHERE status = 'waiting';
CREATE INDEX tokens_left ON queue_token (concert_id, ended_at) WHERE status = 'left';

CREATE TABLE performance (
    id               bigserial PRIMARY KEY,
    concert_id       bigint NOT NULL REFERENCES concert,
    starts_at        timestamptz NOT NULL,
    reservable_from  timestamptz NOT NULL,
    reservable_until timestamptz NOT NULL,
    seats_total      integer NOT NULL CHECK (seats_total >= 0),
    CHECK (reservable_until > reservable_from)
);

CREATE INDEX performances_of_concert ON performance (concert_id, id);

-- A sold seat belongs to its reservation for good, a held one until `held_until`.
CREATE TABLE seat (
    id             bigserial PRIMARY KEY,
    performance_id bigint NOT NULL REFERENCES performance,
    section        text NOT NULL,
    row            integer NOT NULL CHECK (row >= 1),
    number         integer NOT NULL CHECK (number >= 1),
    price          bigint NOT NULL CHECK (price >= 0),
    status         text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'held', 'sold')),
    reservation_id bigint,
    held_until     timestamptz,
    CHECK ((status = 'available') = (reservation_id IS NULL)),
    CHECK ((status = 'held') = (held_until IS NOT NULL)),
    CONSTRAINT one_seat_per_place UNIQUE (performance_id, section, row, number)
) WITH (fillfactor = 80);

CREATE INDEX seats_of_performance ON seat (performance_id, id);

CREATE TABLE reservation (
    id             bigserial PRIMARY KEY,
    performance_id bigint NOT NULL REFERENCES performance,
    concert_id     bigint NOT NULL REFERENCES concert,
    user_id        text NOT NULL,
    queue_token_id bigint NOT NULL REFERENCES queue_token,
    status         text NOT NULL CHECK (status IN ('held', 'confirmed', 'expired', 'released', 'refunded')),
    seat_count     integer NOT NULL CHECK (seat_count BETWEEN 1 AND 4),
    amount         bigint NOT NULL CHECK (amount >= 0),
    held_at        timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    payment_id     bigint,
    request_id     uuid NOT NULL CONSTRAINT one_reservation_per_request UNIQUE,
    CHECK ((status IN ('confirmed', 'refunded')) = (payment_id IS NOT NULL)),
    CHECK ((status IN ('held', 'confirmed')) = (ended_at IS NULL))
) WITH (fillfactor = 80);

ALTER TABLE seat ADD CONSTRAINT seat_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservation;
CREATE INDEX live_reservations_of_user ON reservation (user_id, concert_id) WHERE status IN ('held', 'confirmed');
CREATE INDEX held_reservations_by_expiry ON reservation (expires_at) WHERE status = 'held';
CREATE INDEX held_reservations_of_token ON reservation (queue_token_id) WHERE status = 'held';

-- Which seats a reservation took, at which price. `live` follows the reservation's status, so that
-- the database itself refuses a second live reservation of a seat.
CREATE TABLE reservation_seat (
    reservation_id bigint NOT NULL REFERENCES reservation,
    seat_id        bigint NOT NULL REFERENCES seat,
    price          bigint NOT NULL,
    live           boolean NOT NULL,
    PRIMARY KEY (reservation_id, seat_id)
);

CREATE UNIQUE INDEX one_live_reservation_per_seat ON reservation_seat (seat_id) WHERE live;

CREATE TABLE point_account (
    user_id    text PRIMARY KEY,
    balance    bigint NOT NULL CONSTRAINT balance_within_limits CHECK (balance BETWEEN 0 AND 10000000000)
) WITH (fillfactor = 80);

-- Append-only: the balance of an account is the sum of its entries.
CREATE TABLE point_entry (
    id            bigserial PRIMARY KEY,
    user_id       text NOT NULL REFERENCES point_account,
    kind          text NOT NULL CHECK (kind IN ('charge', 'payment', 'refund')),
    amount        bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    created_at    timestamptz NOT NULL,
    reference     text NOT NULL,
    request_id    uuid NOT NULL CONSTRAINT one_entry_per_request UNIQUE,
    CHECK (CASE kind WHEN 'charge' THEN amount > 0 WHEN 'payment' THEN amount <= 0 ELSE amount >= 0 END)
);

CREATE INDEX entries_of_user ON point_entry (user_id, id);

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END $$;

CREATE TRIGGER point_entry_is_append_only BEFORE UPDATE OR DELETE ON point_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

CREATE TABLE payment (
    id             bigserial PRIMARY KEY,
    reservation_id bigint NOT NULL CONSTRAINT one_payment_per_reservation UNIQUE REFERENCES reservation,
    concert_id     bigint NOT NULL REFERENCES concert,
    user_id        text NOT NULL,
    amount         bigint NOT NULL CHECK (amount >= 0),
    status         text NOT NULL CHECK (status IN ('paid', 'refunded')),
    paid_at        timestamptz NOT NULL,
    refunded_at    timestamptz,
    request_id     uuid NOT NULL CONSTRAINT one_payment_per_request UNIQUE,
    CHECK ((status = 'refunded') = (refunded_at IS NOT NULL))
);

CREATE INDEX payments_of_user ON payment (user_id, id);
CREATE INDEX payments_of_concert ON payment (concert_id, paid_at);

-- What was accepted: a row for each 202, its outcome written in the transaction of its effect.
-- `attempts` counts how often a worker took it in hand, `due_at` is when the next one may.
CREATE TABLE request (
    id              uuid PRIMARY KEY,
    operation       text NOT NULL,
    user_id         text NOT NULL,
    arguments       jsonb NOT NULL,
    idempotency_key text,
    fingerprint     text,
    status          text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'done', 'refused', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    submitted_at    timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    finished_at     timestamptz,
    result          jsonb,
    problem         jsonb,
    CHECK ((status = 'queued') = (finished_at IS NULL)),
    CHECK ((status = 'done') = (result IS NOT NULL)),
    CHECK ((status IN ('refused', 'failed')) = (problem IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE UNIQUE INDEX one_request_per_key ON request (user_id, operation, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX queued_requests ON request (operation, submitted_at) WHERE status = 'queued';
-- Only the purge asks by age, and requests come in order of age: a summary a block range is enough.
CREATE INDEX requests_by_age ON request USING brin (submitted_at);
