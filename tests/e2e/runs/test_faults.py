"""Faults: killed workers, a database that goes away, a run that kills whoever executes it, a noisy tenant.

FAULT_KILLS, FAULT_OUTAGE_SECONDS and FAULT_FLOOD make it longer. Each test prints what it measured (`pytest -s`).
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import embedded_server
from lib.database.embedded_server import EmbeddedServer
from lib.runs import engine
from lib.settings import ROOT, Settings
from tests.support.waiting import PATIENCE, wait_for
from tests.support.workflow_runs import (
    await_run,
    expr,
    insert_run,
    log_step,
    no_trace_left,
    publish,
    row_of,
    start_run,
    step,
)

KILLS = int(os.environ.get("FAULT_KILLS", "10"))
OUTAGE_SECONDS = float(os.environ.get("FAULT_OUTAGE_SECONDS", "5"))
FLOOD = int(os.environ.get("FAULT_FLOOD", "1000"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Receiver:
    """An HTTP server that steps call: it counts requests by Idempotency-Key. /poison kills the caller, /never answers
    nobody."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.calls[self.headers["Idempotency-Key"]] += 1
                if self.path == "/never":
                    receiver.ended.wait()
                    return
                if self.path == "/poison":
                    os.kill(_caller(self.client_address[1], receiver.port), signal.SIGKILL)
                    return
                time.sleep(0.05)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def step(self, step_id: str, path: str = "/work") -> dict[str, Any]:
        request = {"method": "POST", "url": f"http://127.0.0.1:{self.port}{path}", "body": {"run": expr("payload")}}
        return step(step_id, "action.call", action="http.request", input=request)

    def stop(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


def _caller(port: int, ours: int) -> int:
    """The process that calls our port from this one of its own."""
    for connection in psutil.net_connections("tcp"):
        if connection.raddr and (connection.laddr.port, connection.raddr.port) == (port, ours) and connection.pid:
            return int(connection.pid)
    raise AssertionError("nobody calls from that port")


class Workers:
    """Worker processes, kept at a number: whoever dies is replaced."""

    def __init__(self, server: EmbeddedServer, receiver: Receiver) -> None:
        self._environment = {
            **os.environ,
            "DATABASE_URL": server.url(),
            "EGRESS_ALLOW": f"127.0.0.1:{receiver.port}",
            "EGRESS_ALLOW_PRIVATE": "1",
            "AUTH": "off",
        }
        self._log = (server.data_dir / "workers.log").open("a")
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, number: int) -> None:
        """Have that many workers, all of them claiming runs."""
        self.keep(number)
        deadline = time.monotonic() + 30
        while engine.health().live_executors < number and time.monotonic() < deadline:
            time.sleep(0.05)

    def keep(self, number: int) -> None:
        """Start as many as are missing."""
        self._running = [worker for worker in self._running if worker.poll() is None]
        while len(self._running) < number:
            self._running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "lib.worker"],
                    cwd=ROOT,
                    env=self._environment,
                    stdout=self._log,
                    stderr=self._log,
                )
            )

    def kill_one(self, number: int | None = None) -> None:
        """kill -9 of that one, or of any."""
        victim = random.choice(self._running) if number is None else self._running[number]
        victim.kill()
        victim.wait()

    def stop(self) -> list[int]:
        """Ask all to stop; their exit statuses."""
        for worker in self._running:
            worker.terminate()
        return [worker.wait(timeout=PATIENCE) for worker in self._running]

    def kill(self) -> None:
        for worker in self._running:
            worker.kill()
            worker.wait()
        self._log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    running = embedded_server.start(tmp_path_factory.mktemp("faults"))
    database.start(Settings(database_url=running.url()))
    engine.migrate(running.url())
    yield running
    database.stop()
    running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def workers(server: EmbeddedServer, receiver: Receiver) -> Iterator[Workers]:
    running = Workers(server, receiver)
    yield running
    running.kill()


@pytest.fixture
def actor(server: EmbeddedServer) -> Actor:
    return new_actor()


def new_actor() -> Actor:
    tenant = uuid4()
    with database.operate() as conn:
        conn.execute(text("INSERT INTO tenants (tenant, name) VALUES (:t, 'Tenant')"), {"t": tenant})
    return Actor(tenant=tenant, user_id=uuid4(), email="tester@example.com", permission="manage")


def workload(actor: Actor, receiver: Receiver) -> UUID:
    """A workflow with every kind of thing that can be under way when a worker dies."""
    return publish(
        actor.tenant,
        [
            step("set", "transform.assign", assign={"vars.n": expr("payload.n")}),
            receiver.step("call"),
            step("nap", "time.wait", seconds=0.2),
            step("each", "control.forEach", items=expr("[1..3]"), steps=[receiver.step("inner")]),
            log_step("log", expr("'run ' & $string(vars.n)")),
            step("end", "control.return", output=expr("vars.n")),
        ],
    )


def test_killed_workers_lose_no_run(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    workflow = workload(actor, receiver)
    workers.start(2)
    runs: list[UUID] = []
    stop = threading.Event()

    def stream() -> None:
        while not stop.wait(0.1):
            if engine.health().queue_depth < 50:  # more than the machine can do proves nothing
                runs.append(start_run(actor, workflow, {"n": len(runs)}))

    streaming = threading.Thread(target=stream)
    streaming.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0, 1.0))
        workers.kill_one()
        workers.start(2)
    stop.set()
    streaming.join()
    rows = [await_run(run, seconds=60) for run in runs]
    assert Counter(row.status for row in rows) == {"SUCCEEDED": len(runs)}
    assert [row.output_json for row in rows] == list(range(len(runs)))
    expected = {f"{run}:{path}" for run in runs for path in ("call", *(f"each[{i}]/inner" for i in range(3)))}
    assert receiver.calls.keys() == expected
    repeated = sum(count - 1 for count in receiver.calls.values())
    print(f"\nkills: {KILLS}, runs: {len(runs)}, lost: 0, calls: {len(expected)}, repeated calls: {repeated}")
    assert no_trace_left()


def test_killed_workers_runs_move_on_elsewhere(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    """From the kill to the first step that another worker ends."""
    slow = publish(actor.tenant, [step("each", "control.forEach", items=expr("[1..100]"), steps=[receiver.step("x")])])
    workers.start(1)
    runs = [start_run(actor, slow) for _ in range(4)]
    for run in runs:
        await_run(run, "RUNNING")
    workers.start(2)
    turns = [row_of(run).turn for run in runs]
    workers.kill_one(0)
    killed = time.monotonic()
    for run, turn in zip(runs, turns, strict=True):
        # A step that ends sets the attempts back.
        while row_of(run).turn == turn or row_of(run).attempts:
            assert time.monotonic() - killed < 10
            time.sleep(0.02)
    print(f"\ntakeover: 4 of 4 runs went on {time.monotonic() - killed:.1f} s after kill -9")
    assert {await_run(run, seconds=60).status for run in runs} == {"SUCCEEDED"}


def test_database_outage_is_waited_out(
    server: EmbeddedServer, workers: Workers, receiver: Receiver, actor: Actor
) -> None:
    workflow = workload(actor, receiver)
    workers.start(1)
    runs = [start_run(actor, workflow, {"n": n}) for n in range(30)]
    await_run(runs[0], "RUNNING", "WAITING", "SUCCEEDED")
    embedded_server._pg_ctl(server.data_dir / "postgres", "stop", "-m", "immediate", "-w")
    time.sleep(OUTAGE_SECONDS)
    server.start_again()
    back = time.monotonic()
    statuses = Counter(await_run(run, seconds=60).status for run in runs)
    print(f"\ndatabase away {OUTAGE_SECONDS:.0f} s: all runs ended {time.monotonic() - back:.1f} s after it came back")
    assert statuses == {"SUCCEEDED": len(runs)}
    assert workers.stop() == [0]  # the same process all the time


def test_run_that_kills_its_worker_is_given_up_alone(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    poison = start_run(actor, publish(actor.tenant, [receiver.step("poison", "/poison")]))
    workflow = workload(actor, receiver)
    others = [start_run(actor, workflow, {"n": n}) for n in range(20)]
    started = time.monotonic()
    while row_of(poison).completed_at is None and time.monotonic() - started < 120:
        workers.start(1)
        time.sleep(0.1)
    row = row_of(poison)
    assert (row.status, row.error_json["code"]) == ("FAILED", "dead_letter")
    assert "poison" in row.error_json["message"]
    deaths = receiver.calls[f"{poison}:poison"]
    assert {await_run(run, seconds=60).status for run in others} == {"SUCCEEDED"}
    print(f"\npoison run: {deaths} workers died, given up after {time.monotonic() - started:.0f} s, 20 others done")


def test_worker_stops_in_order(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    workers.start(1)
    run = start_run(actor, publish(actor.tenant, [step("nap", "time.wait", seconds=1), log_step("end")]))
    await_run(run, "WAITING")
    assert workers.stop() == [0]
    workers.start(1)
    assert await_run(run).status == "SUCCEEDED"


def test_worker_stops_although_a_step_does_not_end(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    workers.start(1)
    run = start_run(actor, publish(actor.tenant, [receiver.step("call", "/never")]))
    wait_for(lambda: receiver.calls[f"{run}:call"] == 1)
    assert workers.stop() == [0]
    workers.start(1)
    wait_for(lambda: receiver.calls[f"{run}:call"] == 2)  # taken over


def test_noisy_tenant_does_not_hold_up_another(workers: Workers, receiver: Receiver, actor: Actor) -> None:
    """A floods the queue; B's runs still start as they do when all is quiet, give or take."""
    quiet = new_actor()
    call = publish(actor.tenant, [receiver.step("call")])
    own = publish(quiet.tenant, [log_step("one")])
    workers.start(1)
    idle = start_times(quiet, own)
    with database.write(actor) as conn:  # at once, as a worker is as fast as they can be queued one by one
        for n in range(FLOOD):
            insert_run(conn, actor.tenant, call, {"n": n})
    busy = start_times(quiet, own)
    still_queued = engine.health().queue_depth
    print(f"\nstart p50/p95 alone {middle(idle)}, beside {FLOOD} runs of another tenant {middle(busy)}")
    assert still_queued > 0, "the flood was over too soon to prove anything"
    # The flood would hold up every start; a busy machine holds up one or two of twenty.
    assert statistics.quantiles(busy, n=4)[-1] < max(1.0, 4 * statistics.quantiles(idle, n=4)[-1])


def start_times(actor: Actor, workflow: UUID) -> list[float]:
    runs = []
    for _ in range(20):
        runs.append(start_run(actor, workflow))
        time.sleep(0.1)
    rows = [await_run(run) for run in runs]
    return [(row.started_at - row.triggered_at).total_seconds() for row in rows]


def middle(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f}/{statistics.quantiles(seconds, n=20)[-1]:.2f} s"
