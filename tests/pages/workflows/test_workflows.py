"""The workflows page, attaching and detaching as AppTest sees them: filters, acts, refusals."""

from __future__ import annotations

from uuid import UUID

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.database import Database
from lib.ui.components.text import escape
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, attach, detach, edit, get, make_system, publish, published
from tests.support.pages import open_page


def texts(app: AppTest) -> str:
    return "\n".join(one.value for kind in ("title", "markdown", "caption", "error", "info") for one in app.get(kind))


def button(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def test_an_empty_list_says_where_to_begin(new_actor: ActorFactory) -> None:
    new_actor("manage")
    assert "No workflows yet" in texts(open_page("workflows.py"))


def test_the_list_shows_what_starts_each_and_filters_by_url(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    published(actor, "Alpha")
    make_system(db, attach(actor, "Beta", "EMAIL_BOUNCED"))
    shown = texts(open_page("workflows.py"))
    assert "`TICKET_CREATED`" in shown and "Published" in shown and "System" in shown
    only = texts(open_page("workflows.py", workflowStatus="Draft"))
    assert "EMAIL_BOUNCED" in only and "TICKET_CREATED" not in only
    spelled = texts(open_page("workflows.py", workflowStatus="draft", workflowKind="SYSTEM", workflowState="active"))
    assert "EMAIL_BOUNCED" in spelled and "TICKET_CREATED" not in spelled
    vain = open_page("workflows.py", workflowEvent="NOBODY", workflowState="asleep", workflowPage="last")
    assert [warning.value for warning in vain.warning] == [
        "`workflowEvent` in the address is left out: `NOBODY` is not an event that starts a workflow.",
        "`workflowState` in the address is left out: `asleep` is not one of Paused, Active.",
        "`workflowPage` in the address is left out: `last` is no number of a page.",
    ]
    assert "No workflow matches" in texts(open_page("workflows.py", workflowSearch="nothing like it"))


def test_a_page_behind_the_last_is_left_out(new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_records, "PAGE_SIZE", 2)
    actor = new_actor()
    for name in ("Alpha", "Beta", "Gamma"):
        attach(actor, name)
    second = open_page("workflows.py", workflowPage="2")
    assert "Gamma" in page_links(second) and "Alpha" not in page_links(second) and not second.warning
    for asked in ("99", "999999"):
        app = open_page("workflows.py", workflowPage=asked)
        assert "Alpha" in page_links(app) and "workflowPage" not in app.query_params
        assert [one.value for one in app.warning] == [
            f"`workflowPage` in the address is left out: `{asked}` is past the last page, 2."
        ]
    for asked in ("1", "0", "-3", "x", "9" * 40):
        assert "Alpha" in page_links(open_page("workflows.py", workflowPage=asked))
    one = open_page("workflows.py", workflowPage="99", workflowSearch="Beta")
    assert "Beta" in page_links(one) and "No workflow matches" not in texts(one)
    assert "No workflow matches" in texts(open_page("workflows.py", workflowPage="99", workflowSearch="nothing"))


def test_whoever_is_at_the_end_of_a_list_that_gets_shorter_stays_at_its_end(
    new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_records, "PAGE_SIZE", 1)
    actor = new_actor()
    workflows = {name: attach(actor, name) for name in ("Alpha", "Beta", "Gamma")}
    app = open_page("workflows.py", workflowPage="3")
    button(app, f"archive-{workflows['Gamma']}")
    assert "Beta" in page_links(app) and app.query_params["workflowPage"] == "2" and not app.warning
    button(app, f"archive-{workflows['Beta']}")
    assert "Alpha" in page_links(app) and not app.warning


def page_links(app: AppTest) -> str:
    return "\n".join(link.proto.label for link in app.get("page_link"))


def test_the_last_run_is_told_in_the_viewers_time_and_the_zone_once(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, triggered_at)"
                " VALUES (:t, :w, 1, 'SUCCEEDED', '2026-03-01 12:00Z')"
            ),
            {"t": actor.tenant, "w": workflow},
        )
    shown = texts(open_page("workflows.py"))
    assert "last 2026-03-01 12:00" in shown and "success of its only run" in shown and shown.count("UTC") == 1
    assert "1 workflow ·" in shown


def test_a_search_that_cannot_be_asked_is_refused_in_a_sentence(new_actor: ActorFactory) -> None:
    new_actor()
    app = open_page("workflows.py", workflowSearch="a\0b")
    assert "has the character NUL" in app.warning[0].value and not app.error
    app.text_input(key="workflowSearch").set_value("a\0b").run()
    assert "Search has the character NUL" in app.error[0].value and len(app.error) == 1


def test_pausing_and_archiving_from_the_list(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = button(open_page("workflows.py"), f"pause-{workflow}")
    assert get(actor, workflow).is_paused and "Paused" in texts(app)
    button(app, f"archive-{workflow}")
    assert get(actor, workflow).status == "archived"


def test_a_lost_race_in_the_list_is_said_above_the_list(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = open_page("workflows.py")
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=workflow, archived=True)
    button(app, f"pause-{workflow}")
    assert not app.exception and not app.error and "No workflow" in texts(app)
    assert [toast.value for toast in app.toast] == ["Alpha is archived; restore it before you change it."]


def test_a_reader_gets_disabled_buttons_with_the_reason(new_actor: ActorFactory) -> None:
    workflow = published(new_actor())
    with database.operate() as conn:
        conn.exec_driver_sql("UPDATE memberships SET permission = 'read'")
    app = open_page("workflows.py")
    for key in (f"pause-{workflow}", f"archive-{workflow}"):
        assert app.button(key=key).disabled and "you need manage" in app.button(key=key).help
    event = open_page("event.py", eventType=EVENT)
    assert event.button(key=f"detach-{workflow}").disabled
    assert event.button(key=f"details-attach-{EVENT}").disabled


def test_the_page_of_an_event_says_attach_in_words(new_actor: ActorFactory) -> None:
    new_actor()
    assert open_page("event.py", eventType=EVENT).button(key=f"details-attach-{EVENT}").label == "Attach"


def test_a_manager_cannot_detach_a_system_workflow(db: Database, new_actor: ActorFactory) -> None:
    workflow = published(new_actor(), "Guarded")
    make_system(db, workflow)
    detach = open_page("event.py", eventType=EVENT).button(key=f"detach-{workflow}")
    assert detach.disabled and "needs admin permission, and you have manage" in detach.help


def test_attaching_begins_with_a_name_that_can_be_changed(new_actor: ActorFactory) -> None:
    new_actor()
    app = button(open_page("event.py", eventType=EVENT), f"details-attach-{EVENT}")
    assert app.text_input(key=f"dialog-name-{EVENT}").value == "Workflow: Ticket Created"


def test_attaching_in_the_drawer_creates_the_draft(new_actor: ActorFactory) -> None:
    actor = new_actor()
    app = open_page("catalog.py", eventType=EVENT)
    app.text_input(key=f"details-name-{EVENT}").set_value("Mine")
    app.button(key=f"details-create-{EVENT}").click().run()
    with database.read(actor) as conn:
        assert [one.name for one in workflow_records.choices(conn, tenant=actor.tenant)] == ["Mine"]


def test_attaching_an_existing_workflow_says_that_it_moves(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = open_page("catalog.py", eventType="EMAIL_BOUNCED")
    app.segmented_control(key="details-how-EMAIL_BOUNCED").set_value("Existing workflow").run()
    assert any("publishing moves it" in warning.value for warning in app.warning)
    edit(new_actor(tenant=actor.tenant), workflow, description="Theirs")
    button(app, "move-EMAIL_BOUNCED")
    assert "changed the draft of Alpha meanwhile" in app.toast[0].value
    assert get(actor, workflow).draft["trigger"]["eventName"] == EVENT, "nobody has looked at that draft"
    button(app, "move-EMAIL_BOUNCED")
    assert get(actor, workflow).draft["trigger"]["eventName"] == "EMAIL_BOUNCED"


def confirm_detach(workflow: UUID) -> AppTest:
    """The drawer, with the confirmation open. Other dialogs do not outlive a whole rerun, which is all AppTest does."""
    app = button(open_page("catalog.py", eventType=EVENT), f"detach-{workflow}")
    shown = texts(app)
    assert "No other workflow is attached." in shown and "Version 2 is published without the trigger" in shown
    assert any("-trigger:" in code.value for code in app.code)
    return app


def test_detaching_says_what_happens_and_can_be_undone(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    app = button(confirm_detach(workflow), f"confirm-{workflow}")
    assert get(actor, workflow).trigger is None
    assert "Attached workflows · 0" in "\n".join(s.value for s in app.title)
    assert f"was detached by {escape(actor.email)}, a moment ago" in texts(app)
    app = open_page("event.py", eventType=EVENT)  # AppTest cannot click in a drawer that was drawn anew by a rerun
    button(app, f"undo-{workflow}")
    assert get(actor, workflow).event_type == EVENT and get(actor, workflow).published_version == 3
    assert "was detached by" not in texts(app)


def test_a_publish_between_look_and_click_refuses_the_detach_until_it_is_confirmed_again(
    new_actor: ActorFactory,
) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one)
    app = confirm_detach(workflow)
    edit(two, workflow, description="Theirs")
    publish(two, workflow)
    button(app, f"confirm-{workflow}")
    assert get(one, workflow).event_type == EVENT, "nobody agreed to that"
    assert f"{escape(two.email)} published version 2 of" in app.warning[0].value
    assert "Version 3 is published without the trigger" in texts(app)
    button(app, f"confirm-{workflow}")
    assert get(one, workflow).trigger is None and get(one, workflow).published_version == 3


def test_unpublished_changes_are_mentioned_and_new_ones_need_another_look(new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one)
    app = confirm_detach(workflow)
    assert "unpublished changes" not in texts(app)
    edit(two, workflow, description="Half done")
    button(app, f"confirm-{workflow}")
    assert get(one, workflow).event_type == EVENT
    assert f"There are unpublished changes in the draft by {escape(two.email)}; they stay." in texts(app)
    edit(two, workflow, description="Done")
    button(app, f"confirm-{workflow}")
    assert get(one, workflow).trigger is None and get(one, workflow).draft["description"] == "Done"


def test_a_detach_that_somebody_else_made_first_is_said_and_shown(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Desk")
    app = confirm_detach(workflow)
    detach(actor, workflow, 1)
    button(app, f"confirm-{workflow}")
    assert not app.exception and "was detached by" in texts(app) and get(actor, workflow).published_version == 2


def test_the_confirmation_says_which_other_workflow_is_paused(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow, other = published(actor, "Mine"), published(actor, "Other")
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=other, paused=True)
    app = button(open_page("catalog.py", eventType=EVENT), f"detach-{workflow}")
    assert "Still attached: **Other** (paused, so it starts nothing)." in texts(app)


def test_a_detach_can_be_undone_by_others_and_later_and_not_by_a_reader(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Desk")
    detach(actor, workflow, 1)
    with database.operate() as conn:
        conn.exec_driver_sql("UPDATE memberships SET permission = 'read'")
    undo = open_page("event.py", eventType=EVENT).button(key=f"undo-{workflow}")
    assert undo.disabled and "you need manage" in undo.help
    with database.operate() as conn:
        conn.exec_driver_sql("UPDATE memberships SET permission = 'manage'")
    st.cache_data.clear()
    app = open_page("event.py", eventType=EVENT)
    assert f"**Desk** was detached by {escape(actor.email)}, a moment ago." in texts(app)
    edit(actor, workflow, description="Without it for good")
    publish(actor, workflow)
    button(app, f"undo-{workflow}")
    assert "published version 3 of Desk meanwhile" in app.toast[0].value and get(actor, workflow).trigger is None


def test_keeping_a_workflow_attached_changes_nothing(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    button(confirm_detach(workflow), f"confirm-{workflow}-cancel")
    assert get(actor, workflow).published_version == 1


@pytest.mark.parametrize("asked", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_workflow_that_is_not_there_is_a_sentence(asked: str, new_actor: ActorFactory) -> None:
    new_actor()
    shown = texts(open_page("designer.py", workflowId=asked))
    assert "There is no such workflow." in shown or "open the event in the catalog and choose Attach" in shown
