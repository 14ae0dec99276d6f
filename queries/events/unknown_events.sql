-- name: redacted_fields
-- The fields that this tenant has redacted in events of these types.
SELECT k.event_type, ARRAY(SELECT unnest(f.pointers) FROM redacted_fields f
                           WHERE f.tenant = CAST(:tenant AS uuid) AND f.event_type IN ('*', k.event_type)) AS pointers
FROM unnest(CAST(:event_types AS text[])) AS k(event_type)

-- name: lock
-- Let one transaction count a tenant's unknown events at a time: bounds are kept, and nobody waits in a circle.
SELECT pg_advisory_xact_lock(CAST(:lock AS int), hashtext(:tenant))

-- name: count
-- Add events by type and source; each type that they are counted under. What has no room is counted under ''.
WITH sent AS (
  SELECT s.event_type, s.source, s.events, s.number
  FROM unnest(CAST(:event_types AS text[]), CAST(:sources AS text[]), CAST(:counts AS bigint[]))
       WITH ORDINALITY AS s(event_type, source, events, number)
), types AS (
  SELECT s.event_type, k.event_type IS NOT NULL OR s.event_type = '' AS is_known,
         row_number() OVER (PARTITION BY k.event_type IS NOT NULL OR s.event_type = '' ORDER BY min(s.number)) AS place
  FROM sent s
  LEFT JOIN unknown_event_types k ON k.tenant = CAST(:tenant AS uuid) AND k.event_type = s.event_type
  GROUP BY s.event_type, k.event_type
), typed AS (
  SELECT CASE WHEN t.is_known OR t.place <= CAST(:most_types AS bigint) - (
                SELECT count(*) FROM unknown_event_types k
                WHERE k.tenant = CAST(:tenant AS uuid) AND k.event_type <> '') THEN t.event_type
              ELSE '' END AS event_type, s.source, s.events, s.number
  FROM sent s JOIN types t ON t.event_type = s.event_type
), sources AS (
  SELECT t.event_type, CASE WHEN t.event_type = '' THEN '' ELSE t.source END AS source, sum(t.events) AS events,
         min(t.number) AS number
  FROM typed t GROUP BY 1, 2
), sourced AS (
  SELECT s.event_type, s.events,
         CASE WHEN s.source = '' OR k.source IS NOT NULL OR row_number() OVER (
                     PARTITION BY s.event_type, s.source = '' OR k.source IS NOT NULL ORDER BY s.number
                   ) <= CAST(:most_sources AS bigint) - (
                SELECT count(*) FROM unknown_event_sources o
                WHERE o.tenant = CAST(:tenant AS uuid) AND o.event_type = s.event_type AND o.source <> '')
              THEN s.source ELSE '' END AS source
  FROM sources s
  LEFT JOIN unknown_event_sources k
    ON k.tenant = CAST(:tenant AS uuid) AND k.event_type = s.event_type AND k.source = s.source
), counted AS (
  INSERT INTO unknown_event_types AS k (tenant, event_type, events, first_at, last_at)
  SELECT CAST(:tenant AS uuid), s.event_type, sum(s.events), app_now(), app_now()
  FROM sourced s GROUP BY s.event_type
  ON CONFLICT (tenant, event_type) DO UPDATE
  SET events = k.events + excluded.events, last_at = greatest(k.last_at, excluded.last_at)
  RETURNING k.event_type, k.samples,
            k.sampled_at IS NULL OR k.sampled_at <= app_now() - CAST(:pause AS interval) AS is_due
), from_sources AS (
  INSERT INTO unknown_event_sources AS k (tenant, event_type, source, events, last_at)
  SELECT CAST(:tenant AS uuid), s.event_type, s.source, sum(s.events), app_now()
  FROM sourced s GROUP BY s.event_type, s.source
  ON CONFLICT (tenant, event_type, source) DO UPDATE
  SET events = k.events + excluded.events, last_at = greatest(k.last_at, excluded.last_at)
)
SELECT event_type, samples, is_due FROM counted

-- name: keep_samples
-- Keep redacted payloads, each in the place of an older one.
INSERT INTO unknown_event_samples AS k (tenant, event_type, sample_no, received_at, payload)
SELECT CAST(:tenant AS uuid), s.event_type, s.sample_no, app_now(), CAST(s.payload AS json)
FROM unnest(CAST(:event_types AS text[]), CAST(:sample_nos AS smallint[]), CAST(:payloads AS text[]))
     AS s(event_type, sample_no, payload)
ON CONFLICT (tenant, event_type, sample_no) DO UPDATE
SET received_at = excluded.received_at, payload = excluded.payload

-- name: note_samples
-- So many samples of these types were kept now.
UPDATE unknown_event_types k
SET samples = k.samples + s.kept, sampled_at = app_now()
FROM unnest(CAST(:event_types AS text[]), CAST(:kept AS int[])) AS s(event_type, kept)
WHERE k.tenant = CAST(:tenant AS uuid) AND k.event_type = s.event_type

-- name: page
-- Types that the catalog still does not know, most frequent first, each with its latest sample and its sources; how
-- many there are, and how many events of others came. One row of NULLs when there are none.
WITH unknown AS (
  SELECT k.event_type, k.events, k.first_at, k.last_at, k.is_dismissed
  FROM unknown_event_types k
  WHERE k.tenant = CAST(:tenant AS uuid) AND k.event_type <> ''
    AND NOT EXISTS (SELECT FROM catalog_entries e
                    WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = k.event_type)
), found AS (
  SELECT * FROM unknown u
  WHERE (u.is_dismissed = CAST(:is_dismissed AS boolean) OR CAST(:is_dismissed AS boolean) IS NULL)
    AND (CAST(:event_type AS text) IS NULL OR u.event_type = :event_type)
    AND strpos(lower(u.event_type), lower(CAST(:search AS text))) > 0
), shown AS (
  SELECT * FROM found f ORDER BY f.events DESC, f.last_at DESC, f.event_type LIMIT CAST(:size AS bigint)
)
SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM unknown WHERE is_dismissed) AS dismissed,
       coalesce((SELECT o.events FROM unknown_event_types o
                 WHERE o.tenant = CAST(:tenant AS uuid) AND o.event_type = ''), 0) AS others,
       s.event_type, s.events, s.first_at, s.last_at, s.is_dismissed,
       (SELECT CAST(p.payload AS text) FROM unknown_event_samples p
        WHERE p.tenant = CAST(:tenant AS uuid) AND p.event_type = s.event_type
        ORDER BY p.received_at DESC, p.sample_no DESC LIMIT 1) AS sample,
       (SELECT json_agg(json_build_object('source', f.source, 'events', f.events) ORDER BY f.source = '', f.events DESC,
                        f.source)
        FROM unknown_event_sources f
        WHERE f.tenant = CAST(:tenant AS uuid) AND f.event_type = s.event_type) AS sources
FROM (VALUES (1)) AS one(row) LEFT JOIN shown s ON true
ORDER BY s.events DESC, s.last_at DESC, s.event_type

-- name: samples
-- What was kept of a type's payloads, latest first.
SELECT CAST(p.payload AS text) FROM unknown_event_samples p
WHERE p.tenant = CAST(:tenant AS uuid) AND p.event_type = :event_type
ORDER BY p.received_at DESC, p.sample_no DESC

-- name: set_dismissed
-- Leave a type out of the list, or show it again; nothing when that changes nothing.
UPDATE unknown_event_types SET is_dismissed = CAST(:is_dismissed AS boolean)
WHERE tenant = CAST(:tenant AS uuid) AND event_type = :event_type AND event_type <> ''
  AND is_dismissed <> CAST(:is_dismissed AS boolean)
RETURNING events

-- name: forget
-- Remove what was not sent for so long, and what is in the catalog by now. All tenants.
WITH sources AS (
  DELETE FROM unknown_event_sources WHERE last_at < app_now() - CAST(:kept AS interval)
), samples AS (
  DELETE FROM unknown_event_samples WHERE received_at < app_now() - CAST(:kept AS interval)
)
DELETE FROM unknown_event_types k
WHERE k.last_at < app_now() - CAST(:kept AS interval)
   OR EXISTS (SELECT FROM catalog_entries e WHERE e.tenant = k.tenant AND e.event_type = k.event_type)
