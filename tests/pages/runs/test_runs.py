"""The runs page: the list with its filters and pages, and one run with its timeline, cancel and retry."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.runs import engine
from lib.workflows import changes as workflow_changes
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, example, published
from tests.pages.workflows.test_workflows import texts
from tests.support import pages, workflow_runs
from tests.support.pages import open_page
from tests.support.tables import readings

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_run(db: Database, actor: Actor, workflow: UUID, status: str = "SUCCEEDED", **more: Any) -> UUID:
    run = uuid4()
    row = {"t": actor.tenant, "r": run, "w": workflow, "s": status, "at": START, "o": "live", "e": None, **more}
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status, event_type, origin,"
                " triggered_at, started_at, completed_at, error_json, trigger_event_id, redacted_input_json) VALUES"
                " (:t, :r, :w, 1, :s, 'TICKET_CREATED', :o, :at, :at, CAST(:at AS timestamptz) + interval '2 seconds',"
                " CAST(:e AS jsonb), gen_random_uuid(), '{\"a\": 1}')"
            ),
            row,
        )
    return run


def add_step(db: Database, actor: Actor, run: UUID, path: str, status: str = "SUCCEEDED", error: Any = None) -> None:
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_run_steps (tenant, run_id, step_path, step_type, status, output_json, error_json,"
                " started_at, completed_at) VALUES (:t, :r, :p, 'action.call', :s, '{\"ok\": true}',"
                " CAST(:e AS jsonb), :at, CAST(:at AS timestamptz) + interval '300 ms')"
            ),
            {
                "t": actor.tenant,
                "r": run,
                "p": path,
                "s": status,
                "at": START,
                "e": json.dumps(error) if error else None,
            },
        )


def rows(app: AppTest) -> Any:
    return app.dataframe[0].value


def test_no_runs_says_how_to_get_one(new_actor: ActorFactory) -> None:
    new_actor()
    assert "No runs yet" in texts(open_page("runs.py"))


def test_filters_come_from_the_url_and_each_can_be_taken_out(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    one, two = published(actor, "One"), published(actor, "Two")
    failed = add_run(db, actor, one, "FAILED", e='{"code": "x", "message": "It broke"}')
    replayed = add_run(db, actor, two, "SUCCEEDED", o="replay", at=datetime.now(UTC) - timedelta(hours=2))
    with db.owner.begin() as conn:
        conn.execute(
            text("UPDATE workflow_runs SET correlation_key = 'A-1', workflow_version = 2 WHERE run_id = :r"),
            {"r": replayed},
        )
    both = open_page("runs.py")
    assert list(rows(both)["Workflow"]) == ["Two", "One"] and not [b for b in both.button if "reset" in str(b.key)]
    for name, value, chip, wanted in (
        ("runStatus", "Failed", "Failed", "One"),
        ("runOrigin", "Replay", "Replay", "Two"),
        ("runKey", "A-1", "Key A-1", "Two"),
        ("runError", "BROKE", "Error “BROKE”", "One"),
        ("runTime", "Last 24 hours", "Last 24 hours", "Two"),
        ("workflowId", str(one), "One", "One"),
    ):
        app = open_page("runs.py", **{name: value})
        assert list(rows(app)["Workflow"]) == [wanted], name
        chips = app.button(key=f"reset-{name}")
        assert chips.label == chip
        chips.click().run()
        assert len(rows(app)) == 2 and name not in app.query_params
    assert "No run matches" in texts(open_page("runs.py", runEvent="TICKET_CREATED", runStatus="Waiting"))
    assert "No run matches" in texts(open_page("runs.py", runEvent="NO_SUCH_EVENT"))
    mistyped = open_page("runs.py", runStatus="faild")
    assert "`runStatus` in the address is left out: `faild` is not one of" in mistyped.warning[0].value
    mistyped.selectbox(key="runOrigin").set_value("Replay").run()
    assert not mistyped.warning, "said until one filters anew"
    assert list(rows(open_page("runs.py", runStatus="FAILED"))["Workflow"]) == ["One"], "in any spelling"
    since = (datetime.now(UTC) - timedelta(hours=3)).isoformat(timespec="minutes")
    assert list(rows(open_page("runs.py", runSince=since))["Workflow"]) == ["Two"], "an end alone is a range"
    assert failed != replayed


@pytest.mark.own_database
def test_versions_belong_to_a_workflow_and_go_with_it(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    one = published(actor, "One")
    for version in (1, 2, 2):
        run = add_run(db, actor, one)
        with db.owner.begin() as conn:
            conn.execute(
                text("UPDATE workflow_runs SET workflow_version = :v WHERE run_id = :r"), {"v": version, "r": run}
            )
    app = open_page("runs.py", workflowId=str(one), runVersion="2")
    assert list(rows(app)["Version"]) == ["v2", "v2"] and app.button(key="reset-runVersion").label == "v2"
    app.selectbox(key="run-version").set_value(1).run()
    assert list(rows(app)["Version"]) == ["v1"] and app.query_params["runVersion"] == "1"
    app.selectbox(key="run-workflow").set_value("all").run()
    assert len(rows(app)) == 3 and set(app.query_params) == {"tenant"}
    for junk in ("0", "x", "9" * 30, "-1"):
        odd = open_page("runs.py", workflowId=str(one), runVersion=junk)
        assert len(rows(odd)) in (0, 3)
        assert "`runVersion` in the address is left out: `" in odd.warning[0].value


def test_a_time_range_is_in_the_viewers_zone(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    for hour in range(4):
        add_run(db, actor, workflow, at=START + timedelta(hours=hour))
    app = open_page("runs.py", runTime="Custom", runSince="2026-03-01T13:00", runUntil="2026-03-01T15:00")
    assert list(rows(app)["Triggered"]) == [START + timedelta(hours=2), START + timedelta(hours=1)]
    assert list(readings(app.dataframe[0])["Triggered"]) == ["2026-03-01 14:00:00", "2026-03-01 13:00:00"]
    assert app.button(key="reset-runTime").label.replace("\\", "") == "from 2026-03-01 13:00 to 2026-03-01 15:00"
    assert "2 runs · 2026-03-01 13:00 to 2026-03-01 14:00 · Times in UTC" in texts(app)


def test_runs_of_an_archived_workflow_are_its_own(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    old, other = published(actor, "Old"), published(actor, "Other")
    add_run(db, actor, old)
    add_run(db, actor, other)
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=old, archived=True)
    app = open_page("runs.py", workflowId=str(old))
    assert list(rows(app)["Workflow"]) == ["Old"]
    assert app.button(key="reset-workflowId").label == "Old \\(archived\\)"
    assert app.selectbox(key="run-workflow").options == ["All workflows", "Old (archived)", "Other"]


@pytest.mark.own_database
def test_a_workflow_that_is_not_there_has_no_runs(db: Database, new_actor: ActorFactory) -> None:
    actor, stranger = new_actor(name="Ours"), new_actor(name="Theirs")
    add_run(db, actor, published(actor))
    theirs = published(stranger)
    for asked in (str(uuid4()), "nonsense", str(theirs), "\0"):
        app = open_page("runs.py", workflowId=asked)
        assert "There is no such workflow" in texts(app) and not app.dataframe
        app.button(key="run-all").click().run()
        assert len(rows(app)) == 1 and set(app.query_params) == {"tenant"}
    assert len(rows(open_page("runs.py", workflowId=""))) == 1, "without a value it asks for none"


@pytest.mark.own_database
def test_pages_of_runs_lead_there_and_back(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    for minute in range(120):
        add_run(db, actor, workflow, at=START + timedelta(minutes=minute))
    app = open_page("runs.py")
    assert len(rows(app)) == 50 and "50 of 120 runs ·" in texts(app)
    for size in (50, 20):
        app.button(key="run-older").click().run()
        assert len(rows(app)) == size and f"{size} of 120 runs ·" in texts(app)
    assert app.button(key="run-older").disabled
    app.button(key="run-newer").click().run()
    assert readings(app.dataframe[0])["Triggered"][0] == "2026-03-01 13:09:00" and "before" in app.query_params
    app.button(key="run-newer").click().run()
    assert readings(app.dataframe[0])["Triggered"][0] == "2026-03-01 13:59:00" and set(app.query_params) == {"tenant"}
    for junk in ("junk~junk", "2026-03-01T12:00:00~" + str(uuid4()), "~"):
        odd = open_page("runs.py", before=junk)
        assert len(rows(odd)) == 50 and "is no place in the list" in odd.warning[0].value


def test_one_run_is_one_run(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_run(db, actor, published(actor))
    assert "1 run ·" in texts(open_page("runs.py"))


def test_text_that_cannot_be_searched_is_refused_in_a_sentence(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_run(db, actor, published(actor))
    app = open_page("runs.py", runKey="a\0b")
    assert "has the character NUL, which cannot be stored." in app.warning[0].value and not app.error
    app.text_input(key="runKey").set_value("a\0b").run()
    assert [error.value for error in app.error] == ["Key has the character NUL, which cannot be stored."]


def test_one_run_shows_its_steps_error_and_where_it_came_from(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    failure = json.dumps({"code": "down", "message": "The gateway is down"})
    run = add_run(db, actor, published(actor, "Alpha"), "FAILED", e=failure)
    add_step(db, actor, run, "note")
    add_step(db, actor, run, "each[1]/send", "FAILED", {"message": "No <b>route</b>"})
    app = open_page("runs.py", runId=str(run))
    shown = texts(app)
    assert "The gateway is down" in shown and "1 of 2 done" in shown and "No \\<b\\>route" in shown
    labels = "\n".join(expander.label for expander in app.expander)
    assert "300 ms" in labels and "send · 2" in labels
    assert f":gray[Started]]  \n{START:%Y-%m-%d %H:%M:%S}" in shown and shown.count("UTC") == 1


def two_steps(actor: Actor) -> UUID:
    """A published workflow that sends a request and then writes a log line."""
    request = {"method": "POST", "url": "https://crm.example/tickets"}
    send = {"id": "send", "name": "Tell the CRM", "type": "action.call"}
    return workflow_runs.publish(
        actor.tenant,
        [
            send | {"config": {"action": "http.request", "input": request}},
            {**workflow_runs.log_step("note"), "name": "Write it *down*"},
        ],
        name="Two steps",
    )


def test_a_failed_run_says_at_which_step_and_lists_what_it_did_not_reach(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    run = add_run(db, actor, two_steps(actor), "FAILED", e='{"message": "It broke"}')
    add_step(db, actor, run, "send", "FAILED", {"code": "http_503", "message": "crm.example answered 503."})
    shown = texts(open_page("runs.py", runId=str(run)))
    assert "Failed at step 1 of 2" in shown and "of 1 done" not in shown
    assert "1 step not reached" in shown and "Write it \\*down\\* :small[not reached]" in shown
    done = add_run(db, actor, two_steps(actor))
    for step in ("send", "note"):
        add_step(db, actor, done, step)
    shown = texts(open_page("runs.py", runId=str(done)))
    assert "2 of 2 done" in shown and "not reached" not in shown


def test_a_step_that_sends_a_request_shows_it_and_its_response(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = two_steps(actor)
    answered, failed = add_run(db, actor, workflow), add_run(db, actor, workflow, "FAILED")
    add_step(db, actor, answered, "send")
    add_step(db, actor, failed, "send", "FAILED", {"code": "http_503", "message": "crm.example answered 503."})
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "UPDATE workflow_run_steps SET attempt = 2, input_json = CAST(:i AS jsonb), output_json ="
                " CASE WHEN status = 'SUCCEEDED' THEN CAST(:o AS jsonb) END WHERE step_path = 'send' AND tenant = :t"
            ),
            {
                "t": actor.tenant,
                "i": '{"method": "POST", "url": "https://crm.example/`x`", "headers": {"Authorization": "[redacted]"},'
                ' "body": {"id": 1}}',
                "o": '{"status": 201, "headers": {"content-type": "text/plain"}, "body": "<b>made</b>"}',
            },
        )
    app = open_page("runs.py", runId=str(answered))
    shown = texts(app)
    assert "``POST https://crm.example/`x` ``" in shown or "POST https://crm.example/`x`" in shown
    assert ":green-badge[201]" in shown and "2 attempts" in shown
    codes = [one.value for one in app.code]
    assert '{\n  "Authorization": "[redacted]"\n}' in codes and '"<b>made</b>"' in codes
    assert ":red-badge[503]" in texts(open_page("runs.py", runId=str(failed)))


def test_every_step_has_its_name_in_the_timeline(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    run = add_run(db, actor, published(actor))
    for name in ("a", "b", "c"):
        add_step(db, actor, run, name)
    chart = json.loads(open_page("runs.py", runId=str(run)).get("vega_lite_chart")[0].proto.spec)
    assert chart["encoding"]["y"]["axis"]["labelOverlap"] is False
    assert chart["height"] >= 3 * 30 and "padding" in chart, "Streamlit's own padding would eat the rows"
    assert " ms" in chart["encoding"]["x"]["axis"]["labelExpr"]


def test_an_error_without_a_code_shows_its_message_only(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    bare = open_page("runs.py", runId=str(add_run(db, actor, workflow, "FAILED", e='{"message": "It broke"}')))
    assert [error.value for error in bare.error] == ["It broke"]
    coded = add_run(db, actor, workflow, "FAILED", e='{"code": "down", "message": "It broke"}')
    assert "`down`" in open_page("runs.py", runId=str(coded)).error[0].value


def test_a_run_that_is_not_there_reads_the_same_and_leads_back(db: Database, new_actor: ActorFactory) -> None:
    actor, stranger = new_actor("admin", name="Ours"), new_actor("admin", name="Theirs")
    add_run(db, actor, published(actor), "FAILED")
    theirs = add_run(db, stranger, published(stranger))
    for asked in ("nonsense", str(uuid4()), str(theirs), "\0", "x" * 3000):
        app = open_page("runs.py", runId=asked, runStatus="Failed")
        assert [error.value for error in app.error] == ["There is no such run."]
        app.button(key="back-to-runs").click().run()
        assert len(rows(app)) == 1 and "runId" not in app.query_params and not app.error


def test_a_long_run_begins_where_it_failed_and_every_step_can_be_reached(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    run = add_run(db, actor, published(actor), "FAILED", e='{"message": "It broke"}')
    for number in range(95):
        add_step(db, actor, run, f"each[{number:03}]/send", "FAILED" if number == 50 else "SUCCEEDED")
    app = open_page("runs.py", runId=str(run))
    assert "Steps 41 to 80 of 95" in texts(app)
    assert [one.label for one in app.expander if "Failed" in one.label] and "send · 51" in app.expander[10].label
    assert "94 of 95 done" in texts(app)


def test_a_run_links_to_the_version_that_ran(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    run = add_run(db, actor, workflow)
    links = [link.proto for link in open_page("runs.py", runId=str(run)).get("page_link")]
    (version,) = [link for link in links if link.label == "Workflow v1"]
    assert "version=v1" in version.query_string and f"workflowId={workflow}" in version.query_string


def test_a_run_under_way_can_be_canceled_and_a_failed_one_run_again(db: Database, new_actor: ActorFactory) -> None:
    engine.migrate(db.owner.url.render_as_string(hide_password=False))
    actor = new_actor()
    published(actor)
    with database.write(actor) as conn:
        submitted = ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db))
    run = submitted.matches[0].run_id
    app = open_page("runs.py", runId=str(run))
    next(b for b in app.button if b.label == "Cancel run").click().run()
    assert "Canceled" in texts(app)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_runs SET status = 'FAILED' WHERE run_id = :r"), {"r": run})
    app, late = open_page("runs.py", runId=str(run)), open_page("runs.py", runId=str(run))
    assert f"`{run}`" in texts(app) and ":violet-badge[Repeat]" not in texts(app)
    next(b for b in app.button if b.label == "Run again").click().run()
    assert f"`{run}`" not in texts(app) and ":violet-badge[Repeat]" in texts(app), "the new run says what it is"
    with db.owner.connect() as conn:
        query = text("SELECT action FROM audit_logs WHERE target_id = :r ORDER BY audit_id")
        audited = list(conn.execute(query, {"r": str(run)}).scalars())
        again = conn.execute(text("SELECT count(*) FROM workflow_runs WHERE retry_of = :r"), {"r": run}).scalar_one()
    assert audited == ["run.canceled", "run.retried"] and again == 1
    late.button(key="retry-run").click().run()
    assert [toast.value for toast in late.toast] == ["It was run again already. This is that run."]
    assert ":violet-badge[Repeat]" in texts(late) and not late.exception
    assert open_page("runs.py", runId=str(run)).button(key="retry-run").disabled, "it is being run again"
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_runs SET status = 'FAILED' WHERE retry_of = :r"), {"r": run})
    app = open_page("runs.py", runId=str(run))
    assert "Was run again: failed" in [link.proto.label for link in app.get("page_link")]
    app.button(key="retry-run").click().run()
    with db.owner.connect() as conn:
        query = text("SELECT count(*) FROM workflow_runs WHERE retry_of = :r")
        assert conn.execute(query, {"r": run}).scalar_one() == 2, "as often as somebody asks"


@pytest.mark.parametrize(
    "query",
    [{"status": "failed"}, {"runStatus": "FAILED"}, {"status": "Failed", "eventType": EVENT}, {"origin": "simulated"}],
)
def test_the_names_that_other_pages_have_for_filters_will_do(
    query: dict[str, str], db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = published(actor)
    add_run(db, actor, workflow)
    failed = add_run(db, actor, workflow, "FAILED")
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_runs SET origin = 'simulated' WHERE run_id = :r"), {"r": failed})
    app = open_page("runs.py", **query)
    assert list(rows(app)["Status"]) == [["Failed"]] and not app.warning


def test_every_select_box_offers_what_narrows_nothing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_run(db, actor, published(actor))
    add_run(db, actor, published(actor), "FAILED")
    app = open_page("runs.py", runStatus="Failed")
    boxes = [box for box in app.selectbox if str(box.key).startswith("run")]
    assert [box.options[0] for box in boxes] == [
        "Any status",
        "All workflows",
        "All events",
        "Any origin",
        "Any time",
    ]
    assert len(rows(app)) == 1
    app.selectbox(key="runStatus").select("Any status").run()
    assert len(rows(app)) == 2 and app.selectbox(key="runStatus").value == "all" and not app.exception
    assert not [button for button in app.button if str(button.key).startswith("reset-")]


def test_the_chosen_run_stays_the_one_though_others_come(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "First")
    add_run(db, actor, workflow, "FAILED", e='{"message": "It broke"}')
    app = open_page("runs.py")
    choose_first_row(app)
    assert "First" in strip(app) and "It broke" in strip(app)
    add_run(db, actor, published(actor, "Second"), at=START + timedelta(hours=1))
    app.run()
    assert "First" in strip(app) and "It broke" in strip(app) and list(rows(app)["Workflow"]) == ["First"]
    app.selectbox(key="runStatus").select("Failed").run()
    assert app.button(key="run-open-chosen").disabled, "of another view no row is chosen"
    app.selectbox(key="runStatus").select("Any status").run()
    assert app.button(key="run-open-chosen").disabled and list(rows(app)["Workflow"]) == ["Second", "First"]
    choose_first_row(app)
    assert "Second" in strip(app)


def choose_first_row(app: AppTest) -> None:
    """Choose the first cell of the list, as a click beside its button does."""
    key = app.dataframe[0].proto.id.split("-", 2)[2]
    app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(0, "Status")]}}
    app.run()
    assert not app.exception


def strip(app: AppTest) -> str:
    """What is said beside the button that opens the chosen run."""
    assert not app.exception and not app.button(key="run-open-chosen").disabled
    return next(one.value for one in app.markdown if "-badge[" in one.value)


def test_many_failed_runs_are_chosen_and_run_again(db: Database, new_actor: ActorFactory) -> None:
    engine.migrate(db.owner.url.render_as_string(hide_password=False))
    actor = new_actor()
    workflow = published(actor, "Many")
    failed = [add_run(db, actor, workflow, "FAILED", e='{"message": "It broke"}') for _ in range(30)]
    add_run(db, actor, workflow)

    def repeats() -> int:
        with db.owner.connect() as conn:
            query = text("SELECT count(*) FROM workflow_runs WHERE retry_of = ANY (:f)")
            return int(conn.execute(query, {"f": failed}).scalar_one())

    app = open_page("runs.py", workflowId=str(workflow))
    app.button(key="run-many").click().run()
    assert "30 failed runs, each not run again yet. At most 500 at once." in texts(app)
    assert app.button(key="run-many-start").label == "Run 30 again"
    app.button(key="run-many").click()  # or this kind of test would close the dialog
    app.button(key="run-many-start").click().run()
    assert not app.exception and not app.error and repeats() == 30
    assert [one.value for one in app.success] == ["30 runs started."]
    again = open_page("runs.py", workflowId=str(workflow))
    again.button(key="run-many").click().run()
    assert "No failed run is left here" in texts(again)


def test_a_reader_is_told_whom_to_ask_for_running_many_again(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin", name="Ours")
    add_run(db, admin, published(admin), "FAILED")
    reader = new_actor("read", tenant=admin.tenant, name="Ours")
    app = open_page("runs.py", person=pages.label_of(reader, "Ours"))
    button = app.button(key="run-many")
    assert button.disabled and admin.email in button.help.replace("\\", "").replace("\N{WORD JOINER}", "")


def test_a_reader_cannot_cancel(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    run = add_run(db, actor, published(actor), "RUNNING")
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE memberships SET permission = 'read'"))
    cancel = next(b for b in open_page("runs.py", runId=str(run)).button if b.label == "Cancel run")
    assert cancel.disabled and "you need manage" in cancel.help
