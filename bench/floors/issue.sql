-- A token issue as plain SQL, for pgbench: accept, give out a place, write the outcome, read it.
INSERT INTO request (id, operation, user_id, arguments, submitted_at, due_at)
VALUES (gen_random_uuid(), 'bench.sql', 'bench', '{}', now(), now()) RETURNING id AS request \gset
BEGIN;
UPDATE queue SET last_place = last_place + 1 WHERE concert_id = :concert RETURNING last_place \gset
INSERT INTO queue_token (concert_id, user_id, place, status, issued_at, expires_at, request_id)
VALUES (:concert, ':request', :last_place, 'waiting', now(), now() + interval '1 day', ':request');
UPDATE request SET status = 'done', result = '{}', finished_at = now() WHERE id = ':request' AND status = 'queued';
COMMIT;
SELECT status, result FROM request WHERE id = ':request';
