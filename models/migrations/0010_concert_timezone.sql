-- The IANA time zone of a concert's venue. Until now all pages showed Seoul's time, so that is what earlier concerts have.
ALTER TABLE concert ADD COLUMN timezone text NOT NULL DEFAULT 'Asia/Seoul';
