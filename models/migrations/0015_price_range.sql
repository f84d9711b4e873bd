-- What a date costs is shown before anybody queues: the lowest and the highest price of its seats, which never change.
ALTER TABLE performance ADD COLUMN price_from bigint, ADD COLUMN price_to bigint;
UPDATE performance SET price_from = seats.price_from, price_to = seats.price_to
  FROM (SELECT performance_id, min(price) AS price_from, max(price) AS price_to FROM seat GROUP BY performance_id) seats
 WHERE performance_id = performance.id;
