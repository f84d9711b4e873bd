-- Neighbours in line are strangers by name, so an index by user is touched all over. A live token has one such entry in
-- `one_live_token_per_user`, which must be; a second one would have to be written again with every admission. So this
-- index, for looking up what became of a fan, holds only tokens that have ended.
CREATE INDEX ended_tokens_of_user ON queue_token (user_id, id) WHERE ended_at IS NOT NULL;
