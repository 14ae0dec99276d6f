"""Saved views: named in a dialog, listed in the sidebar, opened by a link or by themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.auth.saved_views import SavedView
from lib.database import Database
from lib.ui.people import views_seen
from lib.ui.people.saved_views import MOST_SHOWN
from tests.conftest import ActorFactory
from tests.database.auth.test_saved_views import change, make_default, save, seen
from tests.pages.people.test_matrix import PAGES, plain
from tests.support import pages
from tests.support.statements import within_a_second

#: A URL of each page with filters, as the page itself would write it.
VIEWED = {
    "catalog.py": {"status": "Beta", "sort": "Category · Name", "deprecated": "true"},
    "schemas.py": {"schemaSearch": "Ticket", "schemaKind": "System"},
    "metrics.py": {"range": "30d", "tz": "Europe/Berlin", "tests": "true"},
    "activity.py": {"event": ["TICKET_CREATED", "TICKET_UPDATED"], "eventStatus": "Error", "time": "Last hour"},
    "workflows.py": {"workflowSearch": "a", "workflowState": "Paused"},
    "runs.py": {"runStatus": "Failed", "runError": "timed out", "runTime": "Last 7 days"},
    "audit.py": {"actOn": "Workflow", "actOutcome": "Refused"},
    "timeline.py": {"key": "k-1"},
}


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("manage", name="Acme")


def asked(app: AppTest) -> dict[str, list[str]]:
    """What the URL asks for beside the tenant."""
    return {
        name: [values] if isinstance(values, str) else list(values)
        for name, values in app.query_params.items()
        if name != "tenant"
    }


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def submit(app: AppTest, name: str, *, shared: bool = False, default: bool = False) -> AppTest:
    """Save what the page is asked for under this name."""
    click(app, "save-view")
    app.text_input(key="view-name").set_value(name)
    if shared:
        app.toggle(key="view-shared").set_value(True)
    if default:
        app.toggle(key="view-default").set_value(True)
    return click(app, "view-save")


def listed(app: AppTest) -> list[str]:
    """The names of the views in the sidebar."""
    return [link.proto.label for link in app.sidebar.get("page_link")]


def leads_to(app: AppTest, name: str) -> dict[str, list[str]]:
    """What the link to the view asks for."""
    (link,) = (one for one in app.sidebar.get("page_link") if one.proto.label == name)
    return parse_qs(link.proto.query_string)


def follow(app: AppTest, page: str, **query: str) -> AppTest:
    """What a link on a page to itself does: the URL is another one, and no widget says anything."""
    for name in [*app.query_params]:
        del app.query_params[name]
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(page).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", VIEWED)
def test_a_view_of_each_page_leads_to_what_was_saved(page: str, ada: Actor) -> None:
    app = submit(pages.open_page(page, **VIEWED[page]), "Mine")
    expected = {name: [value] if isinstance(value, str) else value for name, value in VIEWED[page].items()}
    [view] = seen(ada)
    assert (f"{view.page}.py", view.name, view.is_shared) == (page, "Mine", False)
    assert view.parameters == expected
    assert leads_to(app, "Mine") == {**expected, "tenant": [str(ada.tenant)]}


@pytest.mark.parametrize("page", VIEWED)
def test_a_page_opens_with_its_default_and_a_link_with_a_filter_does_not(page: str, ada: Actor) -> None:
    expected = {name: [value] if isinstance(value, str) else value for name, value in VIEWED[page].items()}
    make_default(ada, save(ada, page=page.removesuffix(".py"), parameters=expected))
    assert asked(pages.open_page(page)) == expected
    other = next({name: value} for name, value in VIEWED[page].items())
    assert asked(pages.open_page(page, **other)).keys() == other.keys()


def test_only_the_pages_whose_filters_are_declared_save_views(ada: Actor) -> None:
    save(ada)
    offering = {page for page in PAGES if any(b.key == "save-view" for b in pages.open_page(page).button)}
    assert offering == set(VIEWED)


def test_places_in_a_list_and_what_is_open_are_not_saved(ada: Actor) -> None:
    query = {"eventType": "TICKET_CREATED", "q": "ticket", "page": "1", "unknownTypes": "all"}
    app = pages.new_session(**query).switch_page("catalog.py").run()
    submit(app, "Mine")
    [view] = seen(ada)
    assert view.parameters == {"q": ["ticket"]}


def test_without_filters_there_is_nothing_to_save(ada: Actor) -> None:
    app = pages.open_page("runs.py")
    app.button(key="save-view").click().run()
    assert any("Choose a filter first" in said.value for said in app.toast)
    assert not any(one.key == "view-name" for one in app.text_input)


def test_of_one_thing_no_view_is_saved(ada: Actor) -> None:
    assert not any(one.key == "save-view" for one in pages.open_page("runs.py", runId=str(uuid4())).button)


@pytest.mark.parametrize("given", ["x" * 10_000, "   ", "a\0b", "a\tb"])
def test_a_name_that_cannot_be_gets_a_sentence_in_the_dialog(given: str, ada: Actor) -> None:
    app = submit(pages.open_page("runs.py", runStatus="Failed"), given)
    assert [plain(one.value).startswith("Name ") for one in app.error] == [True] and seen(ada) == []
    app.text_input(key="view-name").set_value("Failures 🚀")
    click(app, "view-save")
    assert not app.error and listed(app) == ["Failures 🚀"]


def test_a_name_is_taken_once(ada: Actor) -> None:
    save(ada, "Failures")
    app = submit(pages.open_page("runs.py", runStatus="Queued"), "FAILURES")
    assert "You have a view of that name" in app.error[0].value


def test_a_name_stays_text_and_is_shortened(ada: Actor) -> None:
    name = "**bold** ![x](http://127.0.0.1/x) " + "long " * 8
    save(ada, name)
    (link,) = pages.open_page("runs.py").sidebar.get("page_link")
    assert link.proto.label.startswith(r"\*\*bold\*\*") and len(plain(link.proto.label)) < 30
    assert name.strip() in plain(link.proto.help) and "![x](" not in link.proto.help


def shown(app: AppTest) -> list[str]:
    """The views that are marked."""
    return [one.proto.label for one in app.sidebar.get("page_link") if "shown now" in one.proto.help]


def test_the_view_that_the_url_asks_for_is_marked(ada: Actor) -> None:
    save(ada, "Failures")
    save(ada, "Of today", parameters={"runStatus": ["Failed"], "runTime": ["Last 24 hours"]})
    app = pages.open_page("runs.py", runStatus="failed")
    assert shown(app) == ["Failures"]
    app.selectbox(key="runTime").set_value("Last 24 hours").run()
    app.query_params["runTime"] = "Last 24 hours"  # as the browser does
    assert shown(app.run()) == ["Of today"]
    assert shown(pages.open_page("runs.py")) == []


def test_others_views_say_whose_they_are(ada: Actor, new_actor: ActorFactory) -> None:
    bob = new_actor("manage", tenant=ada.tenant, name="Acme")
    save(bob, "Theirs", shared=True)
    save(bob, "Not for us")
    save(ada, "Zebra")
    app = pages.open_page("runs.py")
    assert listed(app) == ["Zebra", "Theirs"]
    assert f"shared by {bob.email}" in plain(app.sidebar.get("page_link")[1].proto.help)


def test_of_very_many_views_the_sidebar_says_how_many_there_are(ada: Actor) -> None:
    for number in range(MOST_SHOWN + 3):
        save(ada, f"View {number:02}")
    app = pages.open_page("runs.py")
    assert len(listed(app)) == MOST_SHOWN
    assert app.button(key="all-views").label == f"All {MOST_SHOWN + 3} views"
    assert len(click(app, "all-views").selectbox(key="view-chosen").options) == MOST_SHOWN + 3


def test_a_reader_is_told_whom_to_ask_to_share(new_actor: ActorFactory) -> None:
    boss = new_actor("admin", name="Acme")
    reader = new_actor("read", tenant=boss.tenant, name="Acme")
    app = pages.open_page("runs.py", person=pages.label_of(reader, "Acme"), runStatus="Failed")
    click(app, "save-view")
    assert [one.key for one in app.toggle if str(one.key).startswith("view-")] == ["view-default"]
    assert any(f"Ask an admin of Acme ({boss.email})" in plain(one.value) for one in app.caption)
    app.text_input(key="view-name").set_value("Mine")
    click(app, "view-save")
    assert [(one.name, one.is_shared) for one in seen(reader)] == [("Mine", False)] and seen(boss) == []


def test_cleared_filters_stay_cleared_and_come_back_with_the_page(ada: Actor) -> None:
    app = submit(pages.open_page("runs.py", runStatus="Failed"), "Failures", default=True)
    app.switch_page("workflows.py").run()
    app = follow(app, "runs.py")
    assert asked(app) == {"runStatus": ["Failed"]} and app.selectbox(key="runStatus").value == "FAILED"
    click(app, "run-clear")
    assert asked(app) == {} and app.selectbox(key="runStatus").value == "all"
    for _ in range(2):
        app.run()
        assert asked(app) == {}
    app.switch_page("workflows.py").run()
    assert asked(follow(app, "runs.py")) == {"runStatus": ["Failed"]}


def test_a_default_costs_one_more_script_run(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    of = views_seen.of

    def counted(actor: Actor, viewed: Any, address: str) -> Any:
        runs.append(address)
        return of(actor, viewed, address)

    monkeypatch.setattr(views_seen, "of", counted)
    pages.open_page("runs.py")
    before = len(runs)
    make_default(ada, save(ada))
    read_views_anew()
    runs.clear()
    pages.open_page("runs.py")
    assert len(runs) == before + 1


def read_views_anew() -> None:
    views_seen._seen.clear()  # type: ignore[attr-defined]


def test_a_link_of_a_page_to_itself_is_followed_whole(ada: Actor) -> None:
    """Streamlit would keep what the link does not name."""
    app = pages.open_page("runs.py", runStatus="Failed", runKey="k")
    app = follow(app, "runs.py", runTime="Last hour")
    assert asked(app) == {"runTime": ["Last hour"]}
    assert app.selectbox(key="runStatus").value == "all" and app.text_input(key="runKey").value == ""
    assert app.selectbox(key="runTime").value == "Last hour"
    app = follow(app, "runs.py")
    assert asked(app) == {} and app.selectbox(key="runTime").value == "all"


def test_the_bare_address_of_a_filtered_page_opens_its_default(ada: Actor) -> None:
    make_default(ada, save(ada))
    app = pages.open_page("runs.py", runTime="Last hour")
    app = follow(app, "runs.py")
    assert asked(app) == {"runStatus": ["Failed"]} and app.selectbox(key="runTime").value == "all"


def test_a_view_of_what_is_no_longer_there_opens_and_says_so(ada: Actor) -> None:
    make_default(ada, save(ada, parameters={"runStatus": ["Exploded"], "runEvent": ["GONE"], "runColour": ["red"]}))
    app = pages.open_page("runs.py")
    assert "runColour" not in asked(app) and "runStatus" not in asked(app)
    assert any("`Exploded` is not one of" in one.value for one in app.warning) and not app.error
    unknown = save(ada, "All unknown", parameters={"runColour": ["red"]})
    make_default(ada, unknown)
    read_views_anew()
    assert asked(pages.open_page("runs.py")) == {}


def test_a_view_of_a_workflow_that_is_gone_opens_like_its_address(ada: Actor) -> None:
    make_default(ada, save(ada, parameters={"workflowId": [str(uuid4())]}))
    assert any("no such workflow" in one.value for one in pages.open_page("runs.py").markdown)


def managed(app: AppTest, view: UUID) -> AppTest:
    click(app, "manage-views")
    app.selectbox(key="view-chosen").set_value(view).run()
    return app


def test_of_a_view_that_its_page_knows_nothing_of_that_is_said(ada: Actor) -> None:
    view = save(ada, parameters={"runColour": ["red"]})
    app = managed(pages.open_page("runs.py"), view)
    words = [one.value for one in app.markdown]
    assert "**Runs** as one left it: the page has none of the filters of this view any more." in words


def one(actor: Actor, view: UUID) -> SavedView:
    return next(found for found in seen(actor) if found.view_id == view)


def test_a_view_is_renamed_shared_given_other_filters_and_opens_its_page(ada: Actor) -> None:
    save(ada, "Another")
    view = save(ada)
    app = managed(pages.open_page("runs.py", runTime="Last hour"), view)
    app.text_input(key=f"view-name-{view}").set_value("Of the last hour")
    app.toggle(key=f"view-shared-{view}").set_value(True)
    app.toggle(key=f"view-filters-{view}").set_value(True)
    app.toggle(key=f"view-default-{view}").set_value(True).run()
    click(app, f"view-change-{view}")
    expected = SavedView(view, "runs", "Of the last hour", {"runTime": ["Last hour"]}, True, True, ada.email, True)
    assert one(ada, view) == expected and not app.error
    assert listed(app) == ["Another", "Of the last hour"]
    app = managed(app, view)
    app.toggle(key=f"view-default-{view}").set_value(False).run()
    click(app, f"view-change-{view}")
    assert not one(ada, view).is_default


def test_a_view_that_was_changed_in_another_tab_is_not_overwritten(ada: Actor) -> None:
    view = save(ada)
    app = managed(pages.open_page("runs.py", runTime="Last hour"), view)
    change(ada, view, name="Renamed")
    app.text_input(key=f"view-name-{view}").set_value("Third").run()
    click(app, f"view-change-{view}")
    assert "The view Renamed was changed since you opened it" in app.error[0].value
    assert one(ada, view).name == "Renamed"


def test_the_dialog_closes_when_one_goes_on_by_a_link(ada: Actor) -> None:
    view = save(ada)
    app = managed(pages.open_page("runs.py", runTime="Last hour"), view)
    app = follow(app, "runs.py", runStatus="Failed")
    assert not [one for one in app.selectbox if one.key == "view-chosen"] and shown(app) == ["Failures"]


def test_a_view_is_deleted(ada: Actor) -> None:
    view = save(ada)
    app = managed(pages.open_page("runs.py"), view)
    assert "Delete **Failures**? Nobody else has this view." in [one.value for one in app.markdown]
    click(app, f"view-delete-{view}")
    assert seen(ada) == [] and listed(app) == []


def test_somebody_elses_view_may_only_open_the_page(ada: Actor, new_actor: ActorFactory) -> None:
    bob = new_actor("manage", tenant=ada.tenant, name="Acme")
    view = save(bob, shared=True)
    app = managed(pages.open_page("runs.py", runTime="Last hour"), view)
    assert not [one for one in app.text_input if one.key == f"view-name-{view}"]
    assert not [one for one in app.toggle if one.key in (f"view-shared-{view}", f"view-filters-{view}")]
    app.toggle(key=f"view-default-{view}").set_value(True).run()
    click(app, f"view-change-{view}")
    assert one(ada, view).is_default and not one(bob, view).is_default
    app = managed(app, view)
    click(app, f"view-delete-{view}")
    assert [plain(error.value).startswith("You have manage permission") for error in app.error] == [True]
    assert len(seen(bob)) == 1


def statements(app: AppTest, db: Database) -> list[str]:
    """The statements about views of one more script run, by the pages' login and the owner's."""
    seen_statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen_statements.append(statement)

    for engine in (db.app, db.owner):
        event.listen(engine, "before_cursor_execute", note)
    app.run()
    for engine in (db.app, db.owner):
        event.remove(engine, "before_cursor_execute", note)
    return [statement for statement in seen_statements if "saved_views" in statement]


@pytest.mark.parametrize("page", PAGES)
def test_views_cost_a_script_run_one_statement(page: str, db: Database, ada: Actor) -> None:
    for number in range(3):
        make_default(ada, save(ada, f"View {number}"))
    with within_a_second():
        app = pages.open_page(page)
        read_views_anew()
        assert len(statements(app, db)) == 1


def test_a_view_of_another_tenant_is_nowhere(ada: Actor, new_actor: ActorFactory) -> None:
    stranger = new_actor("admin", name="Beta Ltd")
    view = save(stranger, "Theirs", shared=True)
    with database.write(ada) as conn:
        preferences.put(conn, ada, name="view.runs", value=str(view))
    app = pages.open_page("runs.py")
    assert listed(app) == [] and asked(app) == {}
