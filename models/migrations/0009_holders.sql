-- The name that a user's identity claimed last (`name`), for tickets and the desk. It is no key to anything: users are
-- told apart by their ids.
CREATE TABLE holder (
    user_id text PRIMARY KEY,
    name    text NOT NULL CHECK (name <> '')
);
