-- name: keep
-- A ticket, of which only the hash is kept.
INSERT INTO export_tickets (tenant, ticket_hash, user_id, asked, until)
VALUES (CAST(:tenant AS uuid), :ticket_hash, CAST(:user_id AS uuid), CAST(:asked AS json),
        app_now() + make_interval(secs => :seconds))

-- name: find
-- What a ticket is for, and its person as their membership is now; no row when it has ended or was used.
SELECT k.asked, m.tenant, t.name AS tenant_name, t.is_demo, u.user_id, u.email, u.name, m.permission
FROM export_tickets k
JOIN memberships m USING (tenant, user_id)
JOIN users u USING (user_id)
JOIN tenants t USING (tenant)
WHERE k.tenant = CAST(:tenant AS uuid) AND k.ticket_hash = :ticket_hash AND k.until > app_now()

-- name: use
-- Take a ticket, which one of those who try at the same time can do.
DELETE FROM export_tickets
WHERE tenant = CAST(:tenant AS uuid) AND ticket_hash = :ticket_hash AND until > app_now()
RETURNING ticket_hash

-- name: forget_ended
-- Tickets that nobody used in time.
DELETE FROM export_tickets WHERE until <= app_now()
