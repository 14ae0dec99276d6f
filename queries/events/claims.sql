-- name: digest
-- What is kept in the place of a key that is a secret.
SELECT app_own_key_digest(:key)

-- name: take
-- Take (source, id) for events; the ids of those that got theirs: of several with the same, the first. Waits for a
-- submission that is under way. With sent_ids, an earlier submission may have it in plain text or as digests.
INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash)
SELECT CAST(:tenant AS uuid), c.source, c.submission_id, c.event_id, c.content_hash
FROM unnest(CAST(:sources AS text[]), CAST(:submission_ids AS text[]), CAST(:sent_sources AS text[]),
            CAST(:sent_ids AS text[]), CAST(:event_ids AS uuid[]), CAST(:content_hashes AS bytea[]))
     AS c(source, submission_id, sent_source, sent_id, event_id, content_hash)
WHERE c.sent_id IS NULL OR NOT EXISTS (
  SELECT FROM event_submissions e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.source IN (c.sent_source, app_own_key_digest(c.sent_source))
    AND e.submission_id IN (c.sent_id, app_own_key_digest(c.sent_id)))
ORDER BY c.source, c.submission_id, c.event_id
ON CONFLICT (tenant, source, submission_id) DO NOTHING
RETURNING event_id

-- name: earlier
-- The event that an earlier submission with this (source, id) became, in plain text or as digests. There may be several
-- from before rules of redaction changed: that with this content then.
SELECT event_id, content_hash FROM event_submissions
WHERE tenant = CAST(:tenant AS uuid) AND source IN (:source, app_own_key_digest(:source))
  AND submission_id IN (:submission_id, app_own_key_digest(:submission_id))
ORDER BY content_hash = CAST(:content_hash AS bytea) DESC, created_at
LIMIT 1
