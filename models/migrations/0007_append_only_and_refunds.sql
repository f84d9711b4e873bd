-- The ledger and the audit trail cannot be emptied either. Their owner can take these triggers away, as he can drop the
-- tables: a service that connects as another role than the one that migrates cannot.
CREATE TRIGGER point_entry_is_never_truncated BEFORE TRUNCATE ON point_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER operator_action_is_never_truncated BEFORE TRUNCATE ON operator_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change();

-- A refund is never refused because the balance would pass the limit of charges.
ALTER TABLE point_account DROP CONSTRAINT balance_within_limits;
ALTER TABLE point_account ADD CONSTRAINT balance_not_negative CHECK (balance >= 0);
