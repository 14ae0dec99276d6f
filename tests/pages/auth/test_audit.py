"""The audit page: who did what, found by filters in the URL; one act in full; the way from objects to their acts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import acts, audit, audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditEntry, AuditFilters
from lib.database import Database
from lib.errors import PermissionDenied
from lib.workflows import changes
from tests.conftest import ActorFactory
from tests.database.events.test_activity import START, add
from tests.database.workflows.test_records import EVENT, edit, publish, published
from tests.pages.runs.test_runs import add_run
from tests.support.pages import label_of, new_session, open_page
from tests.support.tables import readings

MARKDOWN = "*bold* :red[x] [l](http://x) $a$ `c` <b>"


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    return new_actor("admin", name="Acme")


def did(actor: Actor, act: acts.Act, *, origin: Any = "page", address: str | None = None) -> None:
    doer = replace(actor, origin=origin, address=address)
    with database.write(doer) as conn:
        audit.record(conn, doer, act)


def latest(actor: Actor, **filters: Any) -> AuditEntry:
    with database.read(actor) as conn:
        return audit_trail.page(conn, actor, filters=AuditFilters(**filters)).rows[0]


def sentences(app: AppTest) -> list[str]:
    [shown] = app.dataframe
    return list(shown.value["Act"])


def captions(app: AppTest) -> str:
    return "\n".join(one.value for one in app.caption)


def links_of(app: AppTest) -> dict[str, dict[str, list[str]]]:
    return {link.proto.label: parse_qs(link.proto.query_string) for link in app.get("page_link")}


def test_who_did_what_when_and_from_where(actor: Actor) -> None:
    did(actor, acts.WorkflowPaused(target_id="w-1", name="Escalate"))
    did(actor, acts.WorkflowResumed(target_id="w-1", name=MARKDOWN), origin="api", address="192.0.2.9")
    app = open_page("audit.py")
    assert sentences(app) == [f"{actor.email} resumed {MARKDOWN}.", f"{actor.email} paused Escalate."]
    shown = readings(app.dataframe[0])
    assert list(shown["Address"]) == ["192.0.2.9", "—"] and list(shown["Object"]) == ["Workflow", "Workflow"]
    assert [list(one) for one in app.dataframe[0].value["Origin"]] == [["API"], ["Page"]]
    assert "2 acts · Times in UTC · " in captions(app)


def test_the_url_narrows_and_says_how_many(actor: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor("manage", tenant=actor.tenant, name="Acme")
    did(actor, acts.WorkflowPaused(target_id="w-1", name="Escalate"))
    did(ben, acts.RunCanceled(target_id="r-1", previous_status="QUEUED"), origin="api")
    did(ben, acts.ActRefused(target_id="w-1", tried="workflow.published", permission="admin", object_kind="workflow"))
    narrowed: dict[str, tuple[dict[str, str], list[str]]] = {
        "person": ({"person": ben.email}, ["was refused", "canceled"]),
        "act": ({"action": "workflow.paused"}, ["paused"]),
        "kind": ({"kind": "Run"}, ["canceled"]),
        "object": ({"object": "w-1"}, ["was refused", "paused"]),
        "origin": ({"actOrigin": "api"}, ["canceled"]),
        "refused": ({"actOutcome": "refused"}, ["was refused"]),
        "refused act": ({"actOutcome": "refused", "act": "workflow.published", "actOn": "workflow"}, ["was refused"]),
        "search": ({"search": "escalate"}, ["paused"]),
    }
    for name, (query, words) in narrowed.items():
        app = new_session()
        for parameter, value in query.items():  # one of them is called like a parameter of open_page
            app.query_params[parameter] = value
        app.switch_page("audit.py").run()
        assert not app.exception and not app.warning, name
        assert [word in sentence for word, sentence in zip(words, sentences(app), strict=True)] == [True] * len(words)
        number = "1 act" if len(words) == 1 else f"{len(words)} acts"
        assert f"{number} · " in captions(app), name
    app = open_page("audit.py", object="nothing")
    assert not app.dataframe and any("No act matches" in one.value for one in app.markdown)
    app.button(key="clear-audit").click().run()
    assert len(sentences(app)) == 3
    app = open_page("audit.py", actOrigin="moon")
    assert "`moon` is not one of Page, API, Command, Engine" in app.warning[0].value


def test_a_reader_sees_their_own_acts_and_no_others(actor: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor("read", tenant=actor.tenant, name="Acme")
    did(actor, acts.WorkflowPaused(target_id="w-1", name="Escalate"))
    did(ben, acts.ExportStarted(target_id="activity", form="csv", narrowed="all of it"))
    mine = label_of(ben, "Acme")
    app = open_page("audit.py", person=mine)
    assert sentences(app) == [f"{ben.email} exported activity as csv, all of it."]
    assert not [one for one in app.selectbox if one.label == "Person"]
    theirs = latest(actor, action="workflow.paused")
    app = open_page("audit.py", person=mine, auditId=str(theirs.audit_id))
    assert [one.value for one in app.error] == ["There is no such act."]


def test_a_member_without_acts_has_none_here(actor: Actor, new_actor: ActorFactory) -> None:
    idle = new_actor("read", tenant=actor.tenant, name="Acme")
    stranger = new_actor("read")
    did(actor, acts.WorkflowPaused(target_id="w-1", name="Escalate"))
    app = open_page("audit.py", actBy=str(idle.user_id))  # as the box that finds anything leads here
    assert app.selectbox(key="actBy").value == str(idle.user_id) and not app.warning
    assert not app.dataframe and any("No act matches" in one.value for one in app.markdown)
    app = open_page("audit.py", actBy=str(stranger.user_id))
    assert [one.value for one in app.warning] == [
        f"`actBy` in the address is left out: `{stranger.user_id}` is not somebody whose acts you may see."
    ]


def test_pages_of_a_long_trail(actor: Actor) -> None:
    for n in range(audit_trail.PAGE_SIZE + 3):
        did(actor, acts.WorkflowPaused(target_id=f"w-{n}", name=f"Flow {n}"))
    app = open_page("audit.py")
    assert "50 of 53 acts" in captions(app)
    app.button(key="audit-older").click().run()
    assert [one.rpartition("paused ")[2] for one in sentences(app)] == ["Flow 2.", "Flow 1.", "Flow 0."]
    app.button(key="audit-newer").click().run()
    assert len(sentences(app)) == 50
    app = open_page("audit.py", before="nonsense")
    assert "is no place in the list" in app.warning[0].value and len(sentences(app)) == 50


def test_a_search_says_where_it_ended_and_goes_on(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "MOST_SEARCHED", 4)
    for n in range(9):
        did(actor, acts.WorkflowPaused(target_id=f"w-{n}", name="found" if n in (0, 7) else "other"))
    app = open_page("audit.py", search="found")
    assert len(sentences(app)) == 1 and "1 of 1 act or more · " in captions(app) and "search ended at" in captions(app)
    app.button(key="audit-older").click().run()
    assert not app.exception and not app.dataframe and any("No match among" in one.value for one in app.markdown)
    app.button(key="audit-older").click().run()
    assert len(sentences(app)) == 1 and "search ended at" not in captions(app)


def test_an_act_in_full_with_what_changed(actor: Actor) -> None:
    act = acts.RedactedFieldsChanged(target_id=EVENT, before=["/a"], after=["/a", "/b"])
    did(actor, act, origin="command", address="192.0.2.9")
    app = open_page("audit.py", auditId=str(latest(actor).audit_id))
    assert app.title[0].value.startswith(actor.email[:5])
    facts = "\n".join(one.value for one in app.markdown)
    assert "**Redacted fields**" in facts and ":gray[Before]  `/a`  \n:gray[After]  `/a`, `/b`" in facts
    assert "Redacted fields · changed" in facts and "redacted_fields" not in facts.replace("\\", "")
    assert f":gray[Act id]  `{latest(actor).audit_id}`" in facts
    assert "192.0.2.9" in facts and "Command" in facts and EVENT in facts
    tenant = {"tenant": [str(actor.tenant)]}
    assert links_of(app)["Open event type"] == {"eventType": [EVENT]} | tenant
    assert links_of(app)["History"] == {"object": [EVENT]} | tenant
    app.button(key="back-to-audit").click().run()
    assert len(sentences(app)) == 1


def test_what_a_token_may_is_told_by_its_names_and_in_the_viewers_time(actor: Actor) -> None:
    before = {"permission": "read", "sendOnly": False, "eventTypes": None, "expiresAt": "2026-03-01T14:05:00+00:00"}
    after = {"permission": "admin", "sendOnly": True, "eventTypes": ["A", "B"], "expiresAt": None}
    did(actor, acts.TokenChanged(target_id="t-1", name="Desk", before=before, after={**before, **after}))
    told = told_by(actor)
    assert "**Send only**" in told and ":gray[Before]  No  \n:gray[After]  Yes" in told
    assert "**Event types**" in told and ":gray[Before]  —  \n:gray[After]  `A`, `B`" in told
    assert "**Expires at**" in told and ":gray[Before]  2026-03-01 14:05 UTC  \n:gray[After]  —" in told
    did(actor, acts.MemberAdded(target_id="m-1", email="ben@acme.example", permission="read"))
    assert ":gray[Email]  `ben@acme.example`  \n:gray[Permission]  `read`" in told_by(actor)


def test_what_has_parts_is_compared_line_by_line(actor: Actor) -> None:
    before = {"name": "Device off", "schema": {"type": "object", "required": ["id"]}}
    after = {"name": "Device offline", "schema": {"type": "object", "required": ["id", "at"]}}
    did(actor, acts.EntryChanged(target_id="DEVICE_OFFLINE", before=before, after=after))
    app = open_page("audit.py", auditId=str(latest(actor).audit_id))
    assert ":gray[Before]  `Device off`  \n:gray[After]  `Device offline`" in "\n".join(
        one.value for one in app.markdown
    )
    [compared] = app.code
    assert compared.value.splitlines()[-1] == "+    - at"
    did(actor, acts.EntryDefined(target_id="DEVICE_OFFLINE", after=after))
    assert '`{"type":"object","required":["id","at"]}`' in told_by(actor)


def told_by(actor: Actor) -> str:
    """What the page of the latest act says."""
    app = open_page("audit.py", auditId=str(latest(actor).audit_id))
    return "\n".join(one.value for one in app.markdown)


def test_what_was_refused_leads_to_what_it_was_refused_on(actor: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor("read", tenant=actor.tenant, name="Acme")
    workflow = published(actor)
    with pytest.raises(PermissionDenied), database.write(ben) as conn:
        changes.set_paused(conn, ben, workflow_id=workflow, paused=True)
    app = open_page("audit.py", auditId=str(latest(actor, refused=True).audit_id))
    assert links_of(app)["Open workflow"] == {"workflowId": [str(workflow)], "tenant": [str(actor.tenant)]}
    facts = "\n".join(one.value for one in app.markdown)
    assert "Object]  Workflow" in facts and "Tried]  Workflow · paused" in facts and "objectKind" not in facts


def test_a_published_version_shows_what_it_says_otherwise(actor: Actor) -> None:
    workflow = published(actor)
    edit(actor, workflow, description="Quite other words.")
    publish(actor, workflow)
    app = open_page("audit.py", auditId=str(latest(actor, action="workflow.published").audit_id))
    facts = "\n".join(one.value for one in app.markdown)
    assert "**Version**" in facts and ":gray[Before]  `1`  \n:gray[After]  `2`" in facts
    (definitions,) = app.code
    assert "+description: Quite other words." in definitions.value.splitlines()
    assert links_of(app)["Open workflow"] == {"workflowId": [str(workflow)], "tenant": [str(actor.tenant)]}


def test_text_of_an_act_stays_text(actor: Actor, db: Database) -> None:
    did(actor, acts.CaseSaved(target_id="c", event_type=MARKDOWN, name=MARKDOWN))
    with db.owner.begin() as conn:
        statement = "INSERT INTO audit_logs (tenant, action, target_type, target_id) VALUES (:t, :x, :x, :x)"
        conn.execute(text(statement), {"t": actor.tenant, "x": MARKDOWN})
    for entry in (latest(actor, action="test_case.saved"), latest(actor, object_id=MARKDOWN)):
        app = open_page("audit.py", auditId=str(entry.audit_id))
        assert not app.error
        assert "\\*bold\\*" in app.title[0].value and "*bold* :red[x]" not in app.title[0].value
    assert MARKDOWN in sentences(open_page("audit.py"))[0]


@pytest.mark.parametrize("asked", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_act_that_is_not_there(actor: Actor, asked: str) -> None:
    app = open_page("audit.py", auditId=asked)
    assert [one.value for one in app.error] == ["There is no such act."]


def test_nothing_was_done_yet(actor: Actor) -> None:
    app = open_page("audit.py")
    assert any("Nothing was done yet" in one.value for one in app.markdown)


def test_the_file_is_offered_when_it_is_asked_for(actor: Actor) -> None:
    did(actor, acts.WorkflowPaused(target_id="w-1", name="Escalate"))
    app = open_page("audit.py")
    assert not app.get("link_button")
    app.session_state["audit-export"] = True
    app.run()
    [link] = app.get("link_button")
    assert link.proto.url.startswith("/api/v2/exports/")


def test_objects_lead_to_their_acts(actor: Actor, db: Database) -> None:
    workflow = published(actor)
    run, event = add_run(db, actor, workflow), add(db, actor.tenant, {}, created_at=START)
    ways = {
        ("designer.py", "workflowId", str(workflow)): f"object={workflow}",
        ("runs.py", "runId", str(run)): f"object={run}",
        ("activity.py", "eventId", str(event)): f"object={event}",
        ("event.py", "eventType", EVENT): f"actSearch={EVENT}",
    }
    for (page, name, value), query in ways.items():
        history = links_of(open_page(page, **{name: value}))["History"]
        assert history == parse_qs(query) | {"tenant": [str(actor.tenant)]}, page
    assert len(sentences(open_page("audit.py", object=str(workflow)))) >= 2
    assert any(EVENT in one for one in sentences(open_page("audit.py", actSearch=EVENT)))
