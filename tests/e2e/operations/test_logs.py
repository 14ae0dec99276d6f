"""What the real process logs: one JSON object a line with its ids, whatever senders and tenants wrote."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from lib import database
from lib.database import Database
from tests.conftest import CloneFactory, add_person
from tests.e2e.conftest import RunningApp, start_app, stop_app
from tests.support.api_client import STRUCTURED, event, new_token
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.waiting import wait_for
from tests.support.workflow_runs import event_trigger, expr, log_step, publish

CANARY = "Zq7-of-a-payload"
#: Ends lines, colours, rings, hides, turns the direction of text.
BENT = "a\rb\nc\x1b[31md\x07e\x9bf\x85g\u2028h\u202ei\u2066j\ufeffk\x7f"
#: Of these what an event's type may have.
BENT_TYPE = "T\u2028h\u202ei\u2066j\ufeffk%s"


class Sender:
    """Sends events to an app of one tenant."""

    def __init__(self, app: RunningApp, db: Database, token: str, tenant: str) -> None:
        self.app, self.db, self.tenant = app, db, tenant
        self._token = token

    def post(self, sent: dict[str, Any], request_id: str) -> tuple[int, dict[str, Any], str | None]:
        """Status, answer, and the id that the answer tells."""
        headers = {"Content-Type": STRUCTURED, "Authorization": f"Bearer {self._token}", "X-Request-Id": request_id}
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        connection.request("POST", "/api/v2/events", json.dumps(sent), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer, response.getheader("x-request-id")

    def lines(self) -> list[dict[str, Any]]:
        """What was logged until now. Every line is an object."""
        return [json.loads(line) for line in self.app.log.read_text(encoding="utf-8").splitlines()]

    def line_of(self, **wanted: str) -> dict[str, Any]:
        """The one line with these values."""
        [found] = [line for line in self.lines() if wanted.items() <= line.items()]
        return found


@pytest.fixture
def sender(clone: CloneFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    folder = tmp_path_factory.mktemp("logs")
    (folder / "postgres").mkdir()  # there is a database already
    with clone() as db:
        database.use(db)
        actor = add_person(db, name=BENT)
        add_schema(db, actor.tenant, "any.v1", {})
        add_entry(db, actor.tenant, BENT_TYPE, ref="any.v1")
        say = log_step("say", expr(f"event.name & {json.dumps(BENT)}"))
        publish(actor.tenant, [say], name=BENT, trigger=event_trigger(BENT_TYPE, "any.v1"))
        urls = {
            name: pool.url.render_as_string(hide_password=False)
            for name, pool in (("DATABASE_URL", db.owner), ("APP_DATABASE_URL", db.app))
        }
        app = start_app(folder, AUTH="off", STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE="true", **urls)
        yield Sender(app, db, new_token(actor), str(actor.tenant))
        stop_app(app)
        database.use(None)


def test_every_line_is_an_object_with_its_ids_and_without_payloads(sender: Sender) -> None:
    sent = {"type": BENT_TYPE, "data": {"note": CANARY, CANARY: [CANARY]}}
    status, told, request_id = sender.post(event(**sent), "ours-1")
    assert (status, request_id) == (202, "ours-1")
    run_id = told["started"][0]["runId"]
    wait_for(lambda: any(line.get("run_id") == run_id for line in sender.lines()))
    written = sender.line_of(run_id=run_id)
    assert written["tenant"] == sender.tenant and written["logger"] == "lib.steps.log_write"

    with sender.db.owner.begin() as conn:
        conn.exec_driver_sql("REVOKE INSERT ON workflow_runs FROM event_catalog_app")
    status, told, _ = sender.post(event(**sent), "ours-2")
    assert (status, told["status"]) == (202, "error")
    failed = sender.line_of(request_id="ours-2")
    assert (failed["tenant"], failed["event_id"]) == (sender.tenant, told["eventId"])
    assert failed["error"] == "ProgrammingError" and "caused by InsufficientPrivilege" in failed["error_trace"]

    with sender.db.owner.begin() as conn:
        conn.exec_driver_sql("REVOKE INSERT ON workflow_runtime_events FROM event_catalog_app")
    hostile = "x\x9b2J"  # as much to a terminal as an escape character, with which no request is taken
    status, told, request_id = sender.post(event(**sent), hostile)
    assert status == 500 and request_id and len(request_id) == 32
    unexpected = sender.line_of(logger="lib.api.problems")
    assert (unexpected["request_id"], unexpected["tenant"]) == (request_id, sender.tenant)
    assert told["reference"] in unexpected["message"]

    stop_app(sender.app)
    log = sender.app.log.read_text(encoding="utf-8")
    assert CANARY not in log and "Traceback" not in log and log.isascii()
    assert all(line.isprintable() for line in log.splitlines())
    for line in sender.lines():  # and what a reader of the log decodes is as harmless
        assert all(value.isprintable() for value in line.values() if isinstance(value, str)), line
    assert {line["logger"].partition(".")[0] for line in sender.lines()} >= {"lib", "uvicorn", "alembic"}
