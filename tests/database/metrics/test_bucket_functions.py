"""The database's functions of buckets: what they give, who may call them, and that plans do not know of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lib import database
from lib.database import Database, named_queries
from lib.metrics import rollups
from lib.metrics.rollups import COUNT_GRAINS
from tests.conftest import ActorFactory

FUNCTIONS = ("app_bucket", "app_buckets", "app_quarter", "app_spans")


def test_no_plan_calls_them(db: Database) -> None:
    """They are put into the statement, whose plan is that of the expression written out; a call would hide indexes."""
    planned = 0
    with db.owner.connect() as conn:
        for path in sorted((named_queries.QUERIES / "metrics").glob("*.sql")):
            for name, statement in named_queries.parse(path).items():
                explained = text(f"EXPLAIN (VERBOSE) {statement}")
                plan = "\n".join(conn.execute(explained, dict.fromkeys(explained.compile().params)).scalars())
                assert not [f for f in FUNCTIONS if f in plan], f"{path.stem}.{name}: {plan}"
                planned += any(f in statement for f in FUNCTIONS)
    assert planned >= 12


@pytest.mark.hypothesis
def test_the_database_and_python_cut_time_alike(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))

    @given(st.lists(moments, min_size=1, max_size=20))
    def same(found: list[datetime]) -> None:
        with database.read(actor) as conn:
            rows = conn.execute(
                text(
                    "SELECT m.at, b.grain, b.bucket FROM unnest(CAST(:at AS timestamptz[])) AS m(at),"
                    " LATERAL app_buckets(m.at) b ORDER BY m.at, b.grain"
                ),
                {"at": sorted(set(found))},
            ).all()
        assert [(at, grain) for at, grain, _ in rows] == [(at, g) for at in sorted(set(found)) for g in COUNT_GRAINS]
        assert all(bucket == rollups.floor_to(at, grain) for at, grain, bucket in rows)
        assert all(bucket <= at < bucket + timedelta(minutes=grain) for at, grain, bucket in rows)

    same()


def test_they_mean_the_same_on_any_search_path_and_pages_may_call_them(db: Database) -> None:
    asked = text(
        "SELECT proname, prosqlbody IS NOT NULL, proconfig, provolatile,"
        " has_function_privilege('event_catalog_app', oid, 'EXECUTE')"
        " FROM pg_proc WHERE proname = ANY (:names) ORDER BY proname"
    )
    with db.owner.connect() as conn:
        found = conn.execute(asked, {"names": list(FUNCTIONS)}).all()
    assert [tuple(row) for row in found] == [(name, True, None, "i", True) for name in FUNCTIONS]
