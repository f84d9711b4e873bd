-- Fans far back ask seldom. So that this costs nobody a turn, the line remembers what it told lately (`pace`, the newest
-- entry last), and an admission counts as unused only from when its fan was to ask again (`asks_by`; null: admitted by
-- an older version, told to ask within seconds). `turnover` places came free within `turnover_seconds` of a full room,
-- both fading with age; `saturated_at` is when the room was last seen full while somebody waited.
ALTER TABLE queue
    ADD COLUMN pace jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN turnover double precision NOT NULL DEFAULT 0,
    ADD COLUMN turnover_seconds double precision NOT NULL DEFAULT 0,
    ADD COLUMN saturated_at timestamptz;

ALTER TABLE queue_token ADD COLUMN asks_by timestamptz;
