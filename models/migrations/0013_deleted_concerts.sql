-- A concert that sold nothing can be deleted: it is not there any more for anybody, while what happened to it stays as it
-- was. Making so many seats takes seconds and deleting them would take longer; a mark takes none.
ALTER TABLE queue ADD COLUMN deleted_at timestamptz;

ALTER TABLE operator_action
    DROP CONSTRAINT operator_action_action_check,
    ADD CONSTRAINT operator_action_action_check CHECK (
        action IN ('concert.create', 'concert.delete', 'queue.patch', 'reservation.release', 'payment.refund'));
