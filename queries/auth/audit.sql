-- name: record
-- One line of the audit trail, in the transaction of what it describes.
INSERT INTO audit_logs (tenant, user_id, email, action, target_type, target_id, detail, origin, address)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :email, :action, :target_type, :target_id,
        CAST(:detail AS jsonb), :origin, :address)
