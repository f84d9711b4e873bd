-- A seat cannot be held again at once by the fan who released it, so each hold looks for what its fan released lately:
-- a few rows, however many there were before.
CREATE INDEX released_reservations_of_user ON reservation (user_id, ended_at) WHERE status = 'released';
