"""Finding events: by a value in the payload, by error and origin; and the raw payload for an audited look."""

from alembic import op

revision = "0008"
down_revision = "0010"

# Row-level security keeps jsonb operators from using an index, so what payloads hold is kept beside them as
# hashes that a plain btree orders by time. They are hashes of the redacted copy: no secret is in there.
TABLE = """
CREATE TABLE event_payload_values (
  tenant uuid NOT NULL,
  value_hash bigint NOT NULL,
  created_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  PRIMARY KEY (tenant, value_hash, created_at, event_id)
);
COMMENT ON TABLE event_payload_values IS
  'app_payload_value_hash() of values in redacted payloads. Written by a trigger; who finds an event here checks it';
CREATE INDEX event_payload_values_created ON event_payload_values USING brin (created_at)
"""

# Few events are errors or not live: these stay small, and looking for such events does not read all others.
INDEXES = """
CREATE INDEX workflow_runtime_events_error ON workflow_runtime_events (tenant, created_at, event_id)
  WHERE outcome >= 2;
CREATE INDEX workflow_runtime_events_not_live ON workflow_runtime_events (tenant, origin, created_at, event_id)
  WHERE origin <> 'live'
"""

HASH = """
CREATE FUNCTION app_payload_value_hash(path text[], value text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hash bigint := 0;
  name text;
BEGIN
  FOREACH name IN ARRAY path LOOP
    hash := hashtextextended(name, hash);
  END LOOP;
  RETURN hashtextextended(value, hash);
END $$
"""

# The values of the payload's fields, and those one level below them; items of an array count as values of the
# array's field. Left out is what tells nothing apart: times and the tenant's own id. Sorted, because an index
# takes many rows in its own order several times faster.
VALUES = """
INSERT INTO event_payload_values (tenant, value_hash, created_at, event_id)
SELECT DISTINCT e.tenant, v.value_hash, e.created_at, e.event_id
FROM {events} e CROSS JOIN LATERAL (
  SELECT hashtextextended(f.value #>> '{{}}', f.path_hash) AS value_hash
  FROM (
    SELECT hashtextextended(o.key, 0) AS path_hash, o.value
    FROM jsonb_each(e.redacted_payload) AS o
    UNION ALL
    SELECT hashtextextended(m.key, hashtextextended(o.key, 0)), m.value
    FROM jsonb_each(e.redacted_payload) AS o CROSS JOIN jsonb_each(o.value) AS m
    WHERE jsonb_typeof(o.value) = 'object'
    UNION ALL
    SELECT hashtextextended(o.key, 0), i.value
    FROM jsonb_each(e.redacted_payload) AS o CROSS JOIN jsonb_array_elements(o.value) AS i
    WHERE jsonb_typeof(o.value) = 'array'
  ) AS f
  WHERE jsonb_typeof(f.value) IN ('string', 'number', 'boolean') AND f.value <> '"[redacted]"'
    AND f.value #>> '{{}}' <> e.tenant::text AND f.value #>> '{{}}' NOT LIKE '____-__-__T__:__:%'
  LIMIT 200
) AS v
WHERE jsonb_typeof(e.redacted_payload) = 'object'
ORDER BY e.tenant, v.value_hash, e.created_at, e.event_id
"""

INDEX_NEW_EVENTS = f"""
CREATE FUNCTION app_index_payload_values() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  {VALUES.format(events="new_events")};
  RETURN NULL;
END $$;
CREATE TRIGGER index_payload_values AFTER INSERT ON workflow_runtime_events
  REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION app_index_payload_values()
"""

# Months of events are dropped without a trigger of theirs, and noted here. Errors may outlive their month.
FORGET = """
CREATE FUNCTION app_forget_payload_values() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM event_payload_values v
  WHERE v.created_at < (NEW.month + interval '1 month') AT TIME ZONE 'UTC'
    AND NOT EXISTS (SELECT FROM workflow_runtime_events e
                    WHERE e.tenant = v.tenant AND e.event_id = v.event_id AND e.created_at = v.created_at);
  RETURN NULL;
END $$;
CREATE TRIGGER forget_payload_values AFTER INSERT ON dropped_event_months
  FOR EACH ROW EXECUTE FUNCTION app_forget_payload_values()
"""

# The application role may not select raw payloads. Here it gets one, if this very transaction has written into
# the audit trail that it looks.
REVEAL = """
CREATE FUNCTION app_reveal_payload(p_tenant uuid, p_event uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM audit_logs
    WHERE tenant = p_tenant AND tenant = app_tenant() AND at >= app_now() - interval '1 minute'
      AND action = 'event.payload_revealed' AND target_id = p_event::text
      AND xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a raw payload is revealed to an audited request only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN (SELECT payload::text FROM workflow_runtime_events
          WHERE tenant = p_tenant AND tenant = app_tenant() AND event_id = p_event);
END $$;
REVOKE ALL ON FUNCTION app_reveal_payload, app_index_payload_values, app_forget_payload_values FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_reveal_payload TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CALL app_isolate('event_payload_values')")
    op.execute("GRANT SELECT ON event_payload_values TO event_catalog_app")
    for statement in (INDEXES, HASH, INDEX_NEW_EVENTS, FORGET, REVEAL):
        op.execute(statement)
    op.execute(VALUES.format(events="workflow_runtime_events"))
