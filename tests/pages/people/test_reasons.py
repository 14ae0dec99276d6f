"""Why a button is disabled stands on the page: hovering is not for keyboards, phones and screen readers."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, attach, published
from tests.pages.workflows.test_workflows import texts
from tests.support.pages import label_of, open_page

PAGES: list[tuple[str, dict[str, str]]] = [
    ("catalog.py", {}),
    ("catalog.py", {"eventType": EVENT}),
    ("event.py", {"eventType": EVENT}),
    ("metrics.py", {"eventType": "EMAIL_BOUNCED"}),
    ("simulate.py", {"eventType": EVENT}),
    ("schemas.py", {}),
    ("runs.py", {}),
    ("workflows.py", {}),
    ("designer.py", {"workflowId": ""}),
    ("designer.py", {"workflowId": "", "tab": "versions"}),
]


def refused(app: AppTest) -> list[str]:
    """What disabled buttons say when the mouse is over them."""
    return [one.help for one in app.button if one.disabled and "permission" in (one.help or "")]


@pytest.mark.parametrize(("page", "query"), PAGES, ids=lambda one: str(one))
def test_a_reader_is_told_once_why_a_button_is_disabled(
    page: str, query: dict[str, str], new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    published(actor, "Gone")
    reader = new_actor("read", tenant=actor.tenant)
    query = {name: value or str(workflow) for name, value in query.items()}
    app = open_page(page, person=label_of(reader, "Tenant"), **query)
    reasons = refused(app)
    assert reasons or page == "catalog.py", "nothing is disabled here"
    for reason in set(reasons):
        # Once on the page, and once more in a drawer or in the popover of each workflow.
        assert 1 <= texts(app).count(reason) <= 2


def test_who_may_do_it_is_told_nothing(new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    workflow = attach(actor, "Alpha")
    for page, query in PAGES:
        asked = {name: value or str(workflow) for name, value in query.items()}
        assert "You have admin" not in texts(open_page(page, **asked)), page


def test_the_designer_says_why_nothing_can_be_published(new_actor: ActorFactory) -> None:
    workflow = attach(new_actor(), "Alpha")
    app = open_page("designer.py", workflowId=str(workflow))
    button = app.button(key="publish")
    assert button.disabled and button.help and button.help in texts(app)
