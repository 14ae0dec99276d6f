"""The way to a page through the shell: by its address, by a link, as another person. Other tests open pages at once."""

from __future__ import annotations

import pytest

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
def test_a_cold_link_opens_its_page_for_the_person_that_it_names(page: str, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    reader = new_actor("read", name="Beta Ltd")
    title, query = PAGES[page]
    app = pages.open_page(page, **query, **{"as": pages.label_of(reader, "Beta Ltd")})
    assert [one.value for one in app.title] == [title] and not app.error
    assert app.session_state["actor"].tenant == reader.tenant
    assert app.query_params["as"] == pages.label_of(reader, "Beta Ltd")


@pytest.mark.parametrize("page", PAGES)
def test_one_goes_from_the_catalog_to_every_page_and_back(page: str, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    app = pages.new_session().run()
    app.switch_page(page).run()
    assert not app.exception and not app.error and app.title[0].value == PAGES[page][0]
    app.switch_page("catalog.py").run()
    assert not app.exception and not app.error and app.title[0].value == PAGES["catalog.py"][0]
