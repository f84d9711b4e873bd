-- Joining and leaving in a circle grew the table for good. Tokens that ended long ago and held nothing are deleted; how
-- many of them were given up is kept, as all else that a line counts.
ALTER TABLE queue ADD COLUMN left_purged bigint NOT NULL DEFAULT 0;
CREATE INDEX ended_tokens_by_end ON queue_token (ended_at) WHERE ended_at IS NOT NULL;
