-- name: record
-- One line of the audit trail, in the transaction of what it describes.
INSERT INTO audit_logs (tenant, user_id, email, action, target_type, target_id, detail, origin, address)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :email, :action, :target_type, :target_id,
        CAST(:detail AS jsonb), :origin, :address)

-- name: take_turns
-- Until the transaction ends, no other one counts and adds refused acts of this person.
SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:user_id AS uuid) AS text), CAST(:lock AS bigint)))

-- name: lately
-- How many acts of this kind a person has done in the last minute, up to as many as matter.
SELECT count(*) FROM (
  SELECT FROM audit_logs
  WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND action = :action
    AND at > app_now() - interval '1 minute'
  LIMIT :most
) lately
