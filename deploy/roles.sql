-- The rights of the role that web, workers and beat connect as. `frontrow migrate` connects as the owner of the tables.
--   psql -v service=frontrow_service -f deploy/roles.sql "$FRONTROW_DATABASE_URL"
-- Run it as the owner, after the first `frontrow migrate`. What later migrations make is granted by the defaults below.
-- The role must be able to log in: CREATE ROLE frontrow_service LOGIN PASSWORD '…';
GRANT USAGE ON SCHEMA public TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"service";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"service";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"service";
-- Ledger and trail are written once. Their triggers refuse changes from anybody, and the service may not even ask for one.
REVOKE UPDATE, DELETE ON point_entry, operator_action FROM :"service";
-- Which migrations were applied, only their command writes.
REVOKE INSERT, UPDATE, DELETE ON schema_migration FROM :"service";
