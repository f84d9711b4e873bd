-- Positions far back went by the places ahead, those of fans who left included, so joining and leaving in a circle
-- moved everybody's. How many of each 1,024 places were given up or ran out while they waited is counted here.
CREATE TABLE queue_gap (
    concert_id bigint NOT NULL REFERENCES queue,
    bucket     bigint NOT NULL,
    gone       bigint NOT NULL CHECK (gone BETWEEN 1 AND 1024),
    PRIMARY KEY (concert_id, bucket)
);

INSERT INTO queue_gap (concert_id, bucket, gone)
SELECT concert_id, (place - 1) / 1024, count(*) FROM queue_token
 WHERE status IN ('left', 'expired') AND admitted_at IS NULL GROUP BY 1, 2;

CREATE FUNCTION note_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue_gap (concert_id, bucket, gone) VALUES (NEW.concert_id, (NEW.place - 1) / 1024, 1)
    ON CONFLICT (concert_id, bucket) DO UPDATE SET gone = queue_gap.gone + 1;
    RETURN NULL;
END $$;

CREATE TRIGGER queue_token_leaves_a_gap AFTER UPDATE OF status ON queue_token FOR EACH ROW
    WHEN (OLD.status = 'waiting' AND NEW.status IN ('left', 'expired')) EXECUTE FUNCTION note_gap();
