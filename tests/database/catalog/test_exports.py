"""The catalog as a file, fetched at the address that its menu hands out."""

from __future__ import annotations

import pytest

from lib import database
from lib.catalog import exports
from lib.catalog.entries import CatalogFilters
from lib.catalog.interchange import reading
from lib.database import Database
from tests.conftest import ActorFactory
from tests.support.api_client import ApiClient, new_token


@pytest.mark.parametrize(
    ("filters", "narrowed"),
    [
        (None, "all of it"),
        (CatalogFilters(with_deprecated=True), "all of it"),
        (CatalogFilters(), "deprecated events left out"),
        (CatalogFilters(fold_without_traffic=True), "events without traffic left out, deprecated events left out"),
        (CatalogFilters(traffic="without"), "traffic without"),
    ],
)
def test_the_trail_tells_what_a_file_leaves_out(
    db: Database, new_actor: ActorFactory, filters: CatalogFilters | None, narrowed: str
) -> None:
    actor = new_actor("read")
    with database.write(actor) as conn:
        ticket = exports.ticket(conn, actor, form="csv", filters=filters)
    assert ApiClient(new_token(actor)).get(f"/api/v2/exports/{ticket}").status_code == 200
    with db.owner.connect() as conn:
        query = "SELECT detail ->> 'narrowed' FROM audit_logs WHERE action = 'export.started' AND tenant = %s"
        assert conn.exec_driver_sql(query, (actor.tenant,)).scalar_one() == narrowed


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [
        ("asyncapi", "application/yaml", "asyncapi"),
        ("json schemas", "application/zip", "catalog-schemas"),
        ("yaml", "application/yaml", "catalog"),
        ("csv", "text/csv; charset=utf-8", "catalog"),
    ],
)
def test_a_file_is_fetched_and_audited(
    db: Database, new_actor: ActorFactory, form: exports.CatalogForm, kind: str, name: str
) -> None:
    actor = new_actor("read")
    client = ApiClient(new_token(actor))
    filters = CatalogFilters(category="Tickets", page=3, page_size=2)
    for asked, narrowed in ((None, "all of it"), (filters, "category Tickets")):
        with database.write(actor) as conn:
            ticket = exports.ticket(conn, actor, form=form, filters=asked)
        response = client.get(f"/api/v2/exports/{ticket}")
        assert response.status_code == 200 and response.headers["content-type"] == kind
        assert f'filename="{name}-' in response.headers["content-disposition"]
        found = reading.read({response.headers["content-disposition"].split('"')[1]: response.content})
        assert found.problems == ()
        with database.read(actor) as conn:
            every = exports.read(conn, tenant=actor.tenant)
        wanted = [one for one in every if asked is None or one.category == "Tickets"]
        assert {one.event_type for one in found.events} == {one.event_type for one in wanted}
        with db.owner.connect() as conn:
            detail = conn.exec_driver_sql(
                "SELECT detail FROM audit_logs WHERE action = 'export.started' ORDER BY audit_id DESC LIMIT 1"
            ).scalar_one()
        assert detail == {"form": kind.split("/")[1].split(";")[0], "narrowed": narrowed}
