"""Buckets of six hours between those of an hour and of a day: a day of another zone is 9 of them rather than 24."""

from alembic import op

revision = "0011"
down_revision = "0009"

_GRAINS = {"event_counts": "15, 60, 360, 1440", "run_counts": "15, 60, 360, 1440", "run_durations": "60, 360, 1440"}

_COPY = """
INSERT INTO {table} (tenant, {name}, origin, grain, bucket, {key}{sums})
SELECT tenant, {name}, origin, 360, date_bin('6 hours', bucket, '2000-01-01 00:00:00+00'), {key}{summed}
FROM {table}
WHERE grain = 60
GROUP BY tenant, {name}, origin, date_bin('6 hours', bucket, '2000-01-01 00:00:00+00'){group}
"""


def _copy(table: str, name: str, sums: list[str], key: str = "") -> str:
    return _COPY.format(
        table=table,
        name=name,
        key=f"{key}, " if key else "",
        group=f", {key}" if key else "",
        sums=", ".join(sums),
        summed=", ".join(f"sum({column})" for column in sums),
    )


def upgrade() -> None:
    for table, grains in _GRAINS.items():
        # Whoever folds meanwhile would write no bucket of six hours.
        op.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_grain_check")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_grain_check CHECK (grain IN ({grains}))")
    op.execute(_copy("event_counts", "event_name", ["total", "matched", "unmatched", "error"]))
    op.execute(
        _copy(
            "run_counts",
            "event_type",
            ["runs", "succeeded", "failed", "canceled", "open", "completed", "duration_us"],
        )
    )
    op.execute(_copy("run_durations", "event_type", ["runs"], key="bin"))
