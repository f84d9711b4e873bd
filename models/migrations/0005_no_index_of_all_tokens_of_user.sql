-- In a migration of its own: with the index that takes its place it would want a stronger lock in the same transaction,
-- and wait for workers in a circle.
DROP INDEX tokens_of_user;
