"""Buckets and spans as functions, so that no statement spells out where a bucket begins or which widths there are."""

from alembic import op

revision = "0021"
down_revision = "0017"

# Bodies are parsed here, so that no search_path changes their meaning, and none has a SET clause: PostgreSQL puts
# them into the statement that calls them, whose plan stays that of the expression written out.
FUNCTIONS = """
CREATE FUNCTION app_bucket(at timestamptz, minutes int) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(make_interval(mins => minutes), at, '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION app_bucket IS 'Where the bucket of that width begins that holds this moment';

CREATE OR REPLACE FUNCTION app_quarter(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN app_bucket(at, 15);

CREATE FUNCTION app_buckets(at timestamptz) RETURNS TABLE (grain smallint, bucket timestamptz)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT w.grain, app_bucket(at, w.grain)
  FROM (VALUES (15::smallint), (60::smallint), (360::smallint), (1440::smallint)) AS w(grain);
END;
COMMENT ON FUNCTION app_buckets IS 'The bucket of each width that holds this moment';

CREATE FUNCTION app_spans(grains smallint[], sinces timestamptz[], untils timestamptz[])
RETURNS TABLE (grain smallint, since timestamptz, until timestamptz)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.grain, s.since, s.until FROM unnest(grains, sinces, untils) AS s(grain, since, until);
END;
COMMENT ON FUNCTION app_spans IS 'Parts of a range, each read at one width of bucket; grain 0 is raw rows';

GRANT EXECUTE ON FUNCTION app_bucket, app_quarter, app_buckets, app_spans TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
