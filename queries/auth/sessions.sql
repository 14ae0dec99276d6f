-- name: signed_in
-- How a sign-in stands, and every membership of its person, the tenant used last first; no row when there is none.
SELECT * FROM app_signed_in(:proof, CAST(:tenant AS uuid), CAST(:in_use AS boolean),
                            make_interval(hours => CAST(:hours AS int)), make_interval(hours => CAST(:idle_hours AS int)))

-- name: begin
-- A sign-in of the person with this e-mail address, if they belong anywhere. The address is compared in any case and
-- however its letters are composed. What is issued once a sign-in must be of just now. What is issued again and again, as
-- proxies do, must not be from before a sign-in of the person was ended; issues are told to the second.
INSERT INTO sign_ins (user_id, proof_hash)
SELECT u.user_id, :proof FROM users u
WHERE lower(normalize(u.email, NFC)) = lower(normalize(CAST(:email AS text), NFC))
  AND EXISTS (SELECT FROM memberships m WHERE m.user_id = u.user_id)
  AND CASE WHEN CAST(:is_reissued AS boolean)
    THEN NOT EXISTS (
      SELECT FROM sign_ins i
      WHERE i.user_id = u.user_id AND i.ended_at >= CAST(:issued_at AS timestamptz) + interval '1 second')
    ELSE CAST(:issued_at AS timestamptz) > app_now() - make_interval(hours => CAST(:idle_hours AS int)) END
ORDER BY u.email = :email DESC, u.user_id
LIMIT 1
ON CONFLICT (proof_hash) DO NOTHING
RETURNING user_id

-- name: belongs
-- Whether anybody with this e-mail address belongs anywhere.
SELECT EXISTS (
  SELECT FROM users u JOIN memberships m USING (user_id)
  WHERE lower(normalize(u.email, NFC)) = lower(normalize(CAST(:email AS text), NFC)))

-- name: name_person
-- The name that a person's provider knows, where we know none.
UPDATE users SET name = :name WHERE user_id = CAST(:user_id AS uuid) AND name = email

-- name: forget_old
-- Sign-ins that are over for long: what proved one of them is too old to begin another.
DELETE FROM sign_ins WHERE started_at < app_now() - make_interval(hours => CAST(:hours AS int)) - interval '30 days'

-- name: sign_out
-- End a sign-in, in every tenant; gives the sessions that ended with it.
WITH ended AS (
  UPDATE sign_ins SET ended_at = app_now() WHERE proof_hash = :proof AND ended_at IS NULL RETURNING sign_in_id
)
UPDATE sessions s SET ended_at = app_now() FROM ended, users u
WHERE s.sign_in_id = ended.sign_in_id AND s.ended_at IS NULL AND u.user_id = s.user_id
RETURNING s.tenant, s.session_id, s.user_id, u.email

-- name: enter
-- A sign-in's session in a tenant; returns its id, unless there is one.
INSERT INTO sessions (tenant, sign_in_id, user_id, signed_in_at, address, browser)
VALUES (CAST(:tenant AS uuid), CAST(:sign_in_id AS uuid), CAST(:user_id AS uuid), CAST(:started_at AS timestamptz), :address, :browser)
ON CONFLICT (tenant, sign_in_id) DO NOTHING
RETURNING session_id

-- name: list
-- Sessions that can be used, those of one person or of all, latest used first.
SELECT s.session_id, s.sign_in_id, s.user_id, u.name, u.email, s.signed_in_at, s.last_seen_at, s.address, s.browser
FROM sessions s JOIN users u USING (user_id)
WHERE s.tenant = CAST(:tenant AS uuid) AND s.ended_at IS NULL
  AND (CAST(:user_id AS uuid) IS NULL OR s.user_id = CAST(:user_id AS uuid))
  AND s.signed_in_at > app_now() - make_interval(hours => CAST(:hours AS int))
  AND s.last_seen_at > app_now() - make_interval(hours => CAST(:idle_hours AS int))
ORDER BY s.last_seen_at DESC, s.session_id

-- name: end
-- End a session in its tenant; gives whose it was, or nothing when there is none to end.
SELECT app_end_session(CAST(:tenant AS uuid), CAST(:session_id AS uuid), NULL) AS user_id

-- name: end_own
-- End a session of this person with its sign-in, in every tenant; gives the sessions that ended with it.
WITH found AS (
  SELECT sign_in_id FROM sessions
  WHERE tenant = CAST(:tenant AS uuid) AND session_id = CAST(:session_id AS uuid) AND user_id = CAST(:user_id AS uuid)
    AND ended_at IS NULL
), signed_out AS (
  UPDATE sign_ins i SET ended_at = app_now() FROM found WHERE i.sign_in_id = found.sign_in_id AND i.ended_at IS NULL
)
UPDATE sessions s SET ended_at = app_now() FROM found
WHERE s.sign_in_id = found.sign_in_id AND s.ended_at IS NULL
RETURNING s.tenant, s.session_id
