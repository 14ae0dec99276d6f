"""Counts by quarter hour, hour and day, kept exact by a log of signed deltas; partitions made and dropped."""

from alembic import op

revision = "0010"
down_revision = "0006"

# `grain` is the width of a bucket in minutes. Durations have no quarter hours: those would be as many rows as
# there are runs. A log is only ever appended to, so that inserting an event waits for no other.
TABLES = """
CREATE TABLE event_counts (
  tenant uuid NOT NULL,
  event_name text NOT NULL,
  origin text NOT NULL,
  grain smallint NOT NULL CHECK (grain IN (15, 60, 1440)),
  bucket timestamptz NOT NULL,
  total int NOT NULL,
  matched int NOT NULL,
  unmatched int NOT NULL,
  error int NOT NULL,
  PRIMARY KEY (tenant, event_name, origin, grain, bucket) INCLUDE (total, matched, unmatched, error)
);
CREATE TABLE run_counts (
  tenant uuid NOT NULL,
  event_type text NOT NULL,
  origin text NOT NULL,
  grain smallint NOT NULL CHECK (grain IN (15, 60, 1440)),
  bucket timestamptz NOT NULL,
  runs int NOT NULL,
  succeeded int NOT NULL,
  failed int NOT NULL,
  canceled int NOT NULL,
  open int NOT NULL,
  completed int NOT NULL,
  duration_us bigint NOT NULL,
  PRIMARY KEY (tenant, event_type, origin, grain, bucket)
    INCLUDE (runs, succeeded, failed, canceled, open, completed, duration_us)
);
COMMENT ON COLUMN run_counts.bucket IS 'Of triggered_at: runs are counted in the range that holds their event';
COMMENT ON COLUMN run_counts.completed IS 'Runs with a start and an end; duration_us is the sum of their durations';
CREATE TABLE run_durations (
  tenant uuid NOT NULL,
  event_type text NOT NULL,
  origin text NOT NULL,
  grain smallint NOT NULL CHECK (grain IN (60, 1440)),
  bucket timestamptz NOT NULL,
  bin smallint NOT NULL,
  runs int NOT NULL,
  PRIMARY KEY (tenant, event_type, origin, grain, bucket, bin) INCLUDE (runs)
);
CREATE TABLE event_deltas (
  tenant uuid NOT NULL,
  event_name text NOT NULL,
  origin text NOT NULL,
  bucket timestamptz NOT NULL,
  total int NOT NULL,
  matched int NOT NULL,
  unmatched int NOT NULL,
  error int NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE TABLE run_deltas (
  tenant uuid NOT NULL,
  event_type text NOT NULL,
  origin text NOT NULL,
  bucket timestamptz NOT NULL,
  bin smallint,
  runs int NOT NULL,
  succeeded int NOT NULL,
  failed int NOT NULL,
  canceled int NOT NULL,
  open int NOT NULL,
  completed int NOT NULL,
  duration_us bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
COMMENT ON COLUMN run_deltas.bin IS 'Of the duration; NULL for runs without one';
CREATE TABLE dropped_event_months (
  month date PRIMARY KEY,
  dropped_at timestamptz NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE dropped_event_months IS
  'The events of each of these months and of all before are gone while their counts stay: not to be recomputed'
"""

# Bins grow by 2^(1/8), about 9 %; bin 0 is everything below a microsecond.
FUNCTIONS = """
CREATE FUNCTION app_quarter(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('15 minutes', at, '2000-01-01 00:00:00+00');

CREATE FUNCTION app_duration_us(started timestamptz, completed timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(date_part('epoch', completed - started) * 1000000)::bigint;

CREATE FUNCTION app_duration_bin(us bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN us < 1 THEN 0 ELSE 1 + floor(8 * ln(us::float8) / ln(2::float8)) END::smallint;

CREATE FUNCTION app_bin_us(bin smallint, share float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bin = 0 THEN 0 ELSE power(2::float8, (bin - 1 + share) / 8) END;
COMMENT ON FUNCTION app_bin_us IS 'The duration that lies at this share (0 to 1) of the way through a bin'
"""

# What one row of the source tables counts as; the reader of raw rows and the triggers must not differ.
VIEWS = """
CREATE VIEW event_row_counts WITH (security_invoker = true) AS
SELECT tenant, event_name, origin, created_at, 1 AS total, (outcome = 1)::int AS matched,
       (outcome = 0)::int AS unmatched, (outcome >= 2)::int AS error
FROM workflow_runtime_events;
CREATE VIEW run_row_counts WITH (security_invoker = true) AS
SELECT tenant, event_type, origin, triggered_at, app_duration_bin(app_duration_us(started_at, completed_at)) AS bin,
       1 AS runs, (status = 'SUCCEEDED')::int AS succeeded, (status = 'FAILED')::int AS failed,
       (status = 'CANCELED')::int AS canceled, (status IN ('QUEUED', 'RUNNING', 'WAITING'))::int AS open,
       (app_duration_us(started_at, completed_at) IS NOT NULL)::int AS completed,
       coalesce(app_duration_us(started_at, completed_at), 0) AS duration_us
FROM workflow_runs
WHERE event_type IS NOT NULL
"""

_EVENT_DELTAS = """
    INSERT INTO event_deltas
    SELECT tenant, event_name, origin, app_quarter(created_at), sum(sign), sum(sign * (outcome = 1)::int),
           sum(sign * (outcome = 0)::int), sum(sign * (outcome >= 2)::int)
    FROM ({rows}) r
    GROUP BY tenant, event_name, origin, app_quarter(created_at)
    HAVING sum(sign) <> 0 OR sum(sign * (outcome = 1)::int) <> 0 OR sum(sign * (outcome = 0)::int) <> 0;
"""
_EVENT_COLUMNS = "tenant, event_name, origin, created_at, outcome"

_RUN_DELTAS = """
    INSERT INTO run_deltas
    SELECT tenant, event_type, origin, app_quarter(triggered_at), app_duration_bin(us), sum(sign),
           sum(sign * (status = 'SUCCEEDED')::int), sum(sign * (status = 'FAILED')::int),
           sum(sign * (status = 'CANCELED')::int),
           sum(sign * (status IN ('QUEUED', 'RUNNING', 'WAITING'))::int),
           sum(sign * (us IS NOT NULL)::int), sum(sign * coalesce(us, 0))
    FROM (SELECT *, app_duration_us(started_at, completed_at) AS us FROM ({rows}) s
          WHERE event_type IS NOT NULL) r
    GROUP BY tenant, event_type, origin, app_quarter(triggered_at), app_duration_bin(us)
    HAVING sum(sign) <> 0 OR sum(sign * (status = 'SUCCEEDED')::int) <> 0
        OR sum(sign * (status = 'FAILED')::int) <> 0 OR sum(sign * (status = 'CANCELED')::int) <> 0
        OR sum(sign * coalesce(us, 0)) <> 0;
"""
_RUN_COLUMNS = "tenant, event_type, origin, triggered_at, status, started_at, completed_at"


def _log_trigger(table: str, function: str, deltas: str, columns: str) -> str:
    """Statement triggers that append what a statement changed; as their owner, whoever runs the statement."""
    new, old = f"SELECT 1 AS sign, {columns} FROM new_rows", f"SELECT -1 AS sign, {columns} FROM old_rows"
    return f"""
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN {deltas.format(rows=new)}
  ELSIF TG_OP = 'UPDATE' THEN {deltas.format(rows=f"{new} UNION ALL {old}")}
  ELSE {deltas.format(rows=old)}
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION {function} FROM PUBLIC;
CREATE TRIGGER log_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION {function}();
CREATE TRIGGER log_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION {function}();
CREATE TRIGGER log_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""


# Creating the triggers has locked out writers, so what is there now is logged exactly once.
BACKFILL = (
    _EVENT_DELTAS.format(rows=f"SELECT 1 AS sign, {_EVENT_COLUMNS} FROM workflow_runtime_events"),
    _RUN_DELTAS.format(rows=f"SELECT 1 AS sign, {_RUN_COLUMNS} FROM workflow_runs"),
)

# Made beside and attached, which locks out nobody but users of the default partition. Its rows of that month,
# which came before the partition did, are moved; directly, so that no trigger counts them again.
MAKE_PARTITION = """
CREATE OR REPLACE PROCEDURE app_make_event_partition(month date) LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month);
  since timestamptz := first::timestamp AT TIME ZONE 'UTC';
  until timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
  part text := 'workflow_runtime_events_' || to_char(first, 'YYYYMM');
  columns text;
BEGIN
  IF to_regclass(part) IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = 'workflow_runtime_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('CREATE TABLE %I (LIKE workflow_runtime_events INCLUDING ALL)', part);
  LOCK TABLE workflow_runtime_events_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM workflow_runtime_events_default'
                 ' WHERE created_at >= %L AND created_at < %L RETURNING *)'
                 ' INSERT INTO %I (%s) SELECT %s FROM moved', since, until, part, columns, columns);
  EXECUTE format('ALTER TABLE workflow_runtime_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                 part, since, until);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02,'
                 ' autovacuum_analyze_scale_factor = 0.02)', part);
END $$;
CREATE FUNCTION app_make_event_partitions(months_ahead int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 0..months_ahead LOOP
    CALL app_make_event_partition((app_now() AT TIME ZONE 'UTC' + make_interval(months => i))::date);
  END LOOP;
END $$;
REVOKE ALL ON PROCEDURE app_make_event_partition FROM PUBLIC;
REVOKE ALL ON FUNCTION app_make_event_partitions FROM PUBLIC
"""

# Dropping, and deleting from a partition directly, pass the triggers by: counts outlive their events. Events
# that failed move to the default partition, where they wait for their own day. The default partition may lack
# the owner's policy on a role that is no superuser, so the tables' own walls are opened for the move.
DROP_PARTITIONS = """
CREATE POLICY operator ON workflow_runtime_events_default TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE FUNCTION app_drop_event_partitions(keep interval, keep_errors interval) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  part text;
  first date;
  dropped int := 0;
  floor_at timestamptz := app_now() - keep;
  error_floor_at timestamptz := app_now() - greatest(keep, keep_errors);
  columns text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = 'workflow_runtime_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'workflow_runtime_events'::regclass AND c.relname ~ '_[0-9]{6}$' ORDER BY c.relname
  LOOP
    first := to_date(right(part, 6), 'YYYYMM');
    CONTINUE WHEN (first + interval '1 month') AT TIME ZONE 'UTC' > floor_at;
    EXECUTE format('ALTER TABLE workflow_runtime_events DETACH PARTITION %I', part);
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('INSERT INTO workflow_runtime_events_default (%s) SELECT %s FROM %I'
                   ' WHERE error_message IS NOT NULL AND created_at >= %L', columns, columns, part, error_floor_at);
    EXECUTE format('DELETE FROM workflow_event_matches m USING %I e WHERE m.tenant = e.tenant'
                   ' AND m.event_id = e.event_id AND (e.error_message IS NULL OR e.created_at < %L)',
                   part, error_floor_at);
    EXECUTE format('DROP TABLE %I', part);
    dropped := dropped + 1;
  END LOOP;
  WITH gone AS (
    DELETE FROM workflow_runtime_events_default
    WHERE created_at < floor_at AND (error_message IS NULL OR created_at < error_floor_at)
    RETURNING tenant, event_id)
  DELETE FROM workflow_event_matches m USING gone g WHERE m.tenant = g.tenant AND m.event_id = g.event_id;
  INSERT INTO dropped_event_months (month)
    VALUES ((date_trunc('month', floor_at AT TIME ZONE 'UTC') - interval '1 month')::date) ON CONFLICT DO NOTHING;
  RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION app_drop_event_partitions FROM PUBLIC
"""

TENANT_TABLES = ("event_counts", "run_counts", "run_durations", "event_deltas", "run_deltas")


def upgrade() -> None:
    op.execute(TABLES)
    for table in TENANT_TABLES:
        op.execute(f"CALL app_isolate('{table}')")
    for statement in (FUNCTIONS, VIEWS):
        op.execute(statement)
    op.execute(_log_trigger("workflow_runtime_events", "app_log_events", _EVENT_DELTAS, _EVENT_COLUMNS))
    op.execute(_log_trigger("workflow_runs", "app_log_runs", _RUN_DELTAS, _RUN_COLUMNS))
    for statement in (*BACKFILL, MAKE_PARTITION, DROP_PARTITIONS):
        op.execute(statement)
    op.execute(f"GRANT SELECT ON {', '.join(TENANT_TABLES)}, event_row_counts, run_row_counts TO event_catalog_app")
