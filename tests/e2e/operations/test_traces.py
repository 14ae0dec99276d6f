"""One event's trace: from the request in a web process to the steps of its run in a worker, at a real collector."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lib import database
from lib.database import Database
from tests.conftest import CloneFactory, add_person
from tests.e2e.conftest import ROOT, RunningApp, free_port, start_app, stop_app
from tests.support.api_client import BATCH, STRUCTURED, event, new_token
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.trace_collector import collecting
from tests.support.waiting import wait_for
from tests.support.workflow_runs import event_trigger, expr, publish, step

CANARY = "Zq7-of-a-payload"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


class Service:
    """A web process that executes no runs, and a worker that does, both tracing."""

    def __init__(self, app: RunningApp, worker: subprocess.Popen[bytes], worker_log: Path, token: str) -> None:
        self.app, self.worker, self.worker_log = app, worker, worker_log
        self._token = token

    def post(self, sent: Any, content_type: str = STRUCTURED, **headers: str) -> dict[str, Any]:
        given = {"Content-Type": content_type, "Authorization": f"Bearer {self._token}", **headers}
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        connection.request("POST", "/api/v2/events", json.dumps(sent), given)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        connection.close()
        assert response.status in (202, 207), answer
        return answer

    def run_status(self, event_id: str) -> str:
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        connection.request("GET", f"/api/v2/events/{event_id}", headers={"Authorization": f"Bearer {self._token}"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return str(answer["runs"][0]["status"])


Start = Callable[[str], Service]


@pytest.fixture
def start(clone: CloneFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts the service with that endpoint for traces."""
    folder = tmp_path_factory.mktemp("traces")
    (folder / "postgres").mkdir()  # there is a database already
    with ExitStack() as stack, clone() as db:
        database.use(db)
        token = prepare(db)

        def started(endpoint: str) -> Service:
            given = {
                "DATABASE_URL": db.owner.url.render_as_string(hide_password=False),
                "AUTH": "off",
                "WORKER": "external",
                "LOG_FORMAT": "json",
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            }
            app = start_app(folder, **given)
            stack.callback(stop_app, app)
            log = folder / "worker.log"
            worker = subprocess.Popen(
                [sys.executable, "-m", "lib.worker"],
                cwd=ROOT,
                env={**os.environ, **given},
                stdout=log.open("ab"),
                stderr=subprocess.STDOUT,
            )
            stack.callback(worker.wait, 30)
            stack.callback(worker.terminate)
            return Service(app, worker, log, token)

        yield started
        stack.close()
        database.use(None)


def prepare(db: Database) -> str:
    actor = add_person(db)
    add_schema(db, actor.tenant, "any.v1", {})
    for event_type in ("ANY", "GO_ON"):
        add_entry(db, actor.tenant, event_type, ref="any.v1")
    steps = [
        step("keep", "transform.assign", assign={"vars.a": expr("payload.note")}),
        step("wait", "event.wait", eventName="GO_ON", correlationKey=expr("payload.key")),
        step("end", "control.return", output=expr("vars.a")),
    ]
    publish(actor.tenant, steps, name="Waits", trigger=event_trigger("ANY", "any.v1"))
    return new_token(actor)


def test_one_event_is_one_trace_from_the_request_to_the_steps(start: Start) -> None:
    with collecting() as collector:
        service = start(collector.url)
        sent = event(type="ANY", data={"note": CANARY, "key": "k1"})
        told = service.post(sent, traceparent=f"00-{TRACE}-{CALLER}-01")
        run_id = told["started"][0]["runId"]
        [request] = collector.arrived(trace=TRACE, name="POST /api/v2/events")
        [about_event] = collector.arrived(trace=TRACE, name="event")
        [turn] = collector.arrived(trace=TRACE, name="advance_run")
        [run] = collector.arrived(trace=TRACE, name="run")
        assert request.parent == CALLER
        assert request.attributes["http.response.status_code"] == 202
        assert (about_event.parent, turn.parent, run.parent) == (request.id, about_event.id, turn.id)
        assert about_event.attributes["event_catalog.event_id"] == told["eventId"]
        assert about_event.attributes["event_catalog.status"] == "matched"
        assert turn.attributes["dbos.operation.workflow_id"] == run_id
        assert run.attributes["event_catalog.event_id"] == told["eventId"]
        for name, path in (("step transform.assign", "keep"), ("step event.wait", "wait")):
            [executed] = collector.arrived(trace=TRACE, name=name)
            assert (executed.parent, executed.attributes["event_catalog.step"]) == (run.id, path)
        trace = [span for span in list(collector.spans) if span.trace == TRACE]
        assert {(span.service, span.process) for span in trace} == {
            ("event-catalog", "web"),
            ("event-catalog", "worker"),
        }
        assert not any(span.failed for span in trace)

        # What goes on is part of the trace of the event that let it; in a batch each event has a span of its own.
        on = [event(type="ANY", data={"key": "other"}), event(type="GO_ON", correlationkey="k1", data={"note": CANARY})]
        items = service.post(on, BATCH)["items"]
        wait_for(lambda: service.run_status(told["eventId"]) == "SUCCEEDED")
        collector.arrived(name="step control.return", run_id=run_id)
        turns = {span.parent: span for span in collector.arrived(3, name="advance_run")}
        [started] = collector.arrived(
            name="event", event_id=items[0]["event"]["eventId"], event_type="ANY", status="matched"
        )
        [resumed] = collector.arrived(name="event", event_id=items[1]["event"]["eventId"], event_type="GO_ON")
        assert started.trace == resumed.trace != TRACE
        assert turns[started.id].attributes["dbos.operation.workflow_id"] == items[0]["event"]["started"][0]["runId"]
        assert turns[resumed.id].attributes["dbos.operation.workflow_id"] == f"{run_id}:2"

        duplicate = service.post(sent)
        assert duplicate["duplicate"]
        collector.arrived(2, name="event", event_id=told["eventId"], event_type="ANY")
        assert not any(CANARY.encode() in body for body in collector.bodies)
        # A probe is asked for all the time and leaves nothing.
        assert {span.name for span in collector.spans if span.name.startswith(("GET", "POST"))} == {
            "POST /api/v2/events",
            "GET /api/v2/events/{event_id}",
        }


def test_without_its_collector_the_service_goes_on_and_says_so_once(start: Start) -> None:
    port = free_port()
    service = start(f"http://127.0.0.1:{port}")
    for number in range(30):
        assert service.post(event(type="ANY", data={"key": f"k{number}"}))["status"] == "matched"
    told = service.post(event(type="ANY", data={"key": "last"}))
    wait_for(lambda: service.run_status(told["eventId"]) == "WAITING")

    def about_traces(log: Path) -> list[str]:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        return [line["message"] for line in lines if line["logger"].startswith(("lib.telemetry", "opentelemetry"))]

    lost = "Traces do not reach the collector. They are dropped until they do."
    for log in (service.app.log, service.worker_log):
        wait_for(lambda log=log: about_traces(log) == [lost])
    with collecting(port) as collector:
        wait_for(lambda: service.post(event(type="ANY", data={})) and bool(collector.spans))
        wait_for(lambda: about_traces(service.app.log) == [lost, "Traces reach the collector again."])


def test_off_nothing_of_opentelemetry_is_imported() -> None:
    script = (
        "import sys; from lib.operations import startup; from lib import worker; from lib.telemetry import traces;"
        "from lib.settings import Settings; traces.start(Settings(), process='web');"
        "assert not traces.is_on() and traces.current().parent is None;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=kept, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "OTLP_ENDPOINT: is not a URL such as"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://ex ample"}, "OTLP_ENDPOINT: is not a URL such as"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf",
        ),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(given: dict[str, str], says: str) -> None:
    command = [sys.executable, "-m", "lib.worker"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and says in done.stderr and "Traceback" not in done.stderr
