-- An operator's console asks every two seconds how many requests were refused in the last minute, and finished ones lie
-- here for a day. Only a refused row has an entry, so what is done or still queued costs no more to write.
CREATE INDEX refused_requests ON request (finished_at) WHERE status = 'refused';
