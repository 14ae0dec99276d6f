"""The way to a page through the shell: by its address, by a link, as another person. Other tests open pages at once."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from lib import database
from lib.auth import actors
from lib.ui.people import acting_as
from tests.conftest import ActorFactory
from tests.support import pages

# Each page's title, and a query in a spelling that the page has to rewrite for itself.
PAGES = {
    "catalog.py": ("Workflow Event Catalog", {"source": "system"}),
    "simulate.py": ("Choose an event", {"eventType": ""}),
    "metrics.py": ("Metrics", {"range": "last 7 days"}),
    "activity.py": ("Activity", {"status": "error"}),
    "workflows.py": ("Workflows", {"status": "published"}),
    "runs.py": ("Runs", {"runStatus": "failed"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_cold_link_opens_its_page_in_the_tenant_that_it_names(page: str, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    reader = new_actor("read", name="Beta Ltd")
    title, query = PAGES[page]
    app = pages.open_page(page, **query, tenant=str(reader.tenant))
    assert [one.value for one in app.title] == [title] and not app.error
    assert app.session_state["person"].user_id == reader.user_id
    assert app.query_params["tenant"] == str(reader.tenant) and "as" not in app.query_params


@pytest.mark.parametrize("page", PAGES)
def test_one_goes_from_the_catalog_to_every_page_and_back(page: str, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    app = pages.new_session().run()
    app.switch_page(page).run()
    assert not app.exception and not app.error and app.title[0].value == PAGES[page][0]
    app.switch_page("catalog.py").run()
    assert not app.exception and not app.error and app.title[0].value == PAGES["catalog.py"][0]


def test_a_link_names_the_tenant_and_no_person(new_actor: ActorFactory) -> None:
    acme, beta = new_actor("admin", name="Acme"), new_actor("read", name="Beta Ltd")
    app = pages.open_page("runs.py", runStatus="failed")
    assert app.query_params["tenant"] == str(acme.tenant)
    app.selectbox(key=acting_as.KEY).set_value(pages.label_of(beta, "Beta Ltd")).run()
    assert app.query_params["tenant"] == str(beta.tenant)
    assert beta.email not in str(app.query_params) and str(beta.user_id) not in str(app.query_params)


def test_a_tenant_may_be_named_in_words(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    beta = new_actor("read", name="Only one of its name")
    app = pages.open_page("runs.py", tenant="ONLY one of its name")
    assert app.session_state["person"].tenant == beta.tenant
    assert app.query_params["tenant"] == str(beta.tenant)


def test_of_two_tenants_of_one_name_none_is_meant(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Same")
    new_actor("read", name="Same")
    assert pages.open_page("runs.py", tenant="Same").title[0].value == "Not your tenant"


def test_a_link_to_a_tenant_that_is_not_there_says_so_and_leads_on(new_actor: ActorFactory) -> None:
    acme = new_actor("admin", name="Acme")
    for unknown in (str(uuid4()), "Nowhere", "\0", "<script>"):
        app = pages.open_page("runs.py", tenant=unknown, runStatus="failed")
        assert [one.value for one in app.title] == ["Not your tenant"] and not app.exception and not app.error
        assert not app.dataframe and "person" not in app.session_state
        app.button(key="open-own-tenant").click().run()
        assert app.title[0].value == "Runs" and app.query_params["tenant"] == str(acme.tenant)


def test_two_people_of_one_name_are_told_apart(new_actor: ActorFactory) -> None:
    person = new_actor("admin", name="Acme")
    other = new_actor("read", tenant=person.tenant, name="Acme")
    with database.operate() as conn:
        members = [one for one in actors.memberships(conn) if one.tenant == person.tenant]
    people = [replace(member, name="Ada") for member in members]
    assert list(acting_as.labelled(people)) == ["Ada · Acme", f"Ada · Acme · {other.email}"]


@pytest.mark.parametrize(
    ("page", "query", "heading"),
    [
        ("event.py", {"eventType": "NOPE"}, "NOPE"),
        ("simulate.py", {"eventType": "NOPE"}, "NOPE"),
        ("define.py", {"eventType": "NOPE"}, "NOPE"),
        ("schemas.py", {"ref": "acme.Nope.v1"}, "acme.Nope.v1"),
        ("activity.py", {"eventId": "42"}, "Not found"),
        ("runs.py", {"runId": "42"}, "Not found"),
        ("audit.py", {"auditId": "42"}, "Not found"),
    ],
)
def test_a_page_of_what_is_not_there_has_a_heading(
    page: str, query: dict[str, str], heading: str, new_actor: ActorFactory
) -> None:
    new_actor("admin")
    assert [one.value for one in pages.open_page(page, **query).title] == [heading]
