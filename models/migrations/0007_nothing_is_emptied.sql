-- The account comes first, as workers take it before its entries: the other way round both would wait in a circle.

-- What a fan may charge is limited; what was theirs before is given back whatever they have. The upper limit is for
-- charges alone, which check it under the account's lock.
ALTER TABLE point_account
    DROP CONSTRAINT balance_within_limits,
    ADD CONSTRAINT balance_within_limits CHECK (balance >= 0);

-- Triggers for each row see no TRUNCATE, so that emptied the ledger and the trail at once.
CREATE TRIGGER point_entry_is_not_emptied BEFORE TRUNCATE ON point_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER operator_action_is_not_emptied BEFORE TRUNCATE ON operator_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change();
