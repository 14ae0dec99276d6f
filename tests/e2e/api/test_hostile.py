"""The API of the real process under hostile bodies, oversized ones, and many callers at once."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from lib import database
from lib.database import Database
from lib.runs import engine
from lib.settings import Settings
from tests.conftest import CloneFactory, add_person
from tests.e2e.conftest import RunningApp, start_app, stop_app
from tests.support import locks
from tests.support.api_client import BATCH, STRUCTURED, event, new_token
from tests.support.hostile_payloads import DATA, take_anything
from tests.support.waiting import wait_for

MIB = 2**20
pytestmark = pytest.mark.timeout(300)


def anything(**attributes: Any) -> dict[str, Any]:
    """An event that any payload will do for."""
    return event(**{"type": "ANYTHING"} | attributes)


# Whole bodies, and headers in binary mode, most of which are no event at all.
BODIES: dict[str, bytes] = {
    "empty": b"",
    "spaces": b" " * 200_000,
    "array": b"[1]",
    "attributes of every type": b'{"specversion":{},"id":[],"source":1,"type":null}',
    "10,000 attributes": json.dumps({f"x{n}": "1" for n in range(10_000)} | anything()).encode(),
    "long id": json.dumps(anything(id="x" * 100_000)).encode(),
    "long source": json.dumps(anything(source="é" * 256)).encode(),
    "long subject": json.dumps(anything(subject="x" * 513)).encode(),
    "long type": json.dumps(anything(type="T" * 100_000)).encode(),
    "type with markup": json.dumps(anything(type="<b>![x](http://x)</b>")).encode(),
    "id that is SQL": json.dumps(anything(id="'; DROP TABLE users; --")).encode(),
    "id of surrogates": rb'{"specversion":"1.0","id":"\ud800","source":"s","type":"ANYTHING"}',
    "id with NUL": rb'{"specversion":"1.0","id":"\u0000","source":"s","type":"ANYTHING"}',
    "base64": b'{"specversion":"1.0","id":"1","source":"s","type":"ANYTHING","data_base64":"AAA="}',
}
HEADERS: dict[str, dict[str, str]] = {
    "NUL": {"ce-id": "%00"},
    "overlong": {"ce-id": "%C0%A0"},
    "surrogate": {"ce-id": "%ED%A0%80"},
    "not encoded": {"ce-id": "\xff\xfe"},
    "half a quote": {"ce-id": '"'},
    "backslashes": {"ce-id": '"' + "\\" * 1001 + '"'},
    "30,000 long": {"ce-id": "x" * 30_000},
    "percent": {"ce-id": "%" * 200},
    "odd name": {"ce-a_b!": "x"},
    "no name": {"ce-": "x"},
    "data": {"ce-data": "x", "ce-datacontenttype": "x"},
    "long subject": {"ce-subject": "%41" * 600},
}


@dataclass
class Api:
    """The process, the database behind it, and a token for it."""

    app: RunningApp
    db: Database
    token: str

    def post(self, body: Any, content_type: str = STRUCTURED, **headers: str) -> tuple[int, Any]:
        """Status and answer."""
        given = {"Content-Type": content_type, "Authorization": f"Bearer {self.token}", **headers}
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        connection.request("POST", "/api/v2/events", body if isinstance(body, bytes) else json.dumps(body), given)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer

    def cpu_seconds(self) -> float:
        """CPU time of the process and those it started: unlike time, a busy machine does not lengthen it."""
        process = psutil.Process(self.app.process.pid)
        ended = process.cpu_times()
        times = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
        return sum(t.user + t.system for t in times) + ended.children_user + ended.children_system

    def get(self, path: str) -> int:
        """The status, which comes in half a minute at most."""
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status


@pytest.fixture(scope="module")
def api(clone: CloneFactory, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The real app on a database of its own, with a workflow that takes any payload; its settings by parameter.

    Tests with the same settings share it.
    """
    own: dict[str, str] = getattr(request, "param", {})
    folder = tmp_path_factory.mktemp("api")
    (folder / "postgres").mkdir()  # there is a database already
    with clone() as db:
        database.use(db)
        actor = add_person(db)
        take_anything(db, actor)
        urls = {
            name: pool.url.render_as_string(hide_password=False)
            for name, pool in (("DATABASE_URL", db.owner), ("APP_DATABASE_URL", db.app))
        }
        # Whoever waits for the database waits longer than a slow machine takes for a test.
        free = {"API_RATE_PER_SECOND": "1e5", "API_BURST": "100000", "STATEMENT_TIMEOUT_MS": "60000"}
        app = start_app(folder, AUTH="off", **free, **urls, **own)
        running = Api(app, db, new_token(actor))
        wait_for(lambda: running.get("/readyz") == 200)
        running.post(anything())  # starts the schema checker
        yield running
        stop_app(app)
        database.use(None)
    log = app.log.read_text()
    assert "Traceback" not in log and "Unexpected error" not in log
    assert "hunter2" not in log


def count(db: Database, what: str) -> int:
    with db.owner.connect() as conn:
        return int(conn.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one())


def envelope(data: bytes) -> bytes:
    head = json.dumps(anything(data=...)).encode().removesuffix(b"}")
    return head + b',"data":' + data + b"}"


@pytest.mark.slow
# So that CPU time is that of requests alone.
@pytest.mark.parametrize("api", [{"WORKER": "external"}], indirect=True, ids=["external"])
def test_hostile_events_are_refused_or_run_to_their_end(api: Api) -> None:
    assert len(DATA) + len(BODIES) + len(HEADERS) >= 90
    statuses, accepted = Counter[int](), set[str]()
    costs: list[tuple[float, float, str]] = []

    def post(name: str, body: bytes, *arguments: str, **headers: str) -> tuple[int, Any]:
        cpu, started = api.cpu_seconds(), time.monotonic()
        status, answer = api.post(body, *arguments, **headers)
        costs.append((round(api.cpu_seconds() - cpu, 2), round(time.monotonic() - started, 2), name))
        assert costs[-1][0] < most, costs[-1]
        return status, answer

    def note(status: int, answer: Any) -> int:
        assert status < 500, answer
        statuses[status] += 1
        if status == 202:
            accepted.add(answer["eventId"])
        return status

    # What ten harmless events of the greatest length take, where that is more than a second.
    harmless = json.dumps({f"k{n}": "word" for n in range(12_000)}).encode()
    cpu = api.cpu_seconds()
    for _ in range(10):
        assert api.post(envelope(harmless))[0] == 202
    most = max(1.0, api.cpu_seconds() - cpu)
    before = count(api.db, "workflow_runtime_events")
    for name, data in DATA.items():
        single = envelope(data)
        alone = note(*post(name, single))
        status, answer = post(name, b"[" + envelope(b"1") + b"," + single + b"," + envelope(b"2") + b"]", BATCH)
        if status == 400:
            continue  # not even an array any more
        results = answer["items"]
        assert [results[0]["status"], results[-1]["status"]] == [202, 202], "its neighbours are unharmed"
        assert results[1]["status"] == alone, "and it fares as it did alone"
        for result in results:
            note(result["status"], result.get("event"))
        if alone == 202:
            assert results[1]["event"]["duplicate"]
    for name, body in BODIES.items():
        note(*post(name, body))
    names = {"ce-specversion": "1.0", "ce-source": "/s", "ce-type": "ANYTHING", "ce-id": "1"}
    for name, headers in HEADERS.items():
        note(*post(name, b"{}", "application/json", **(names | headers)))
    small = [envelope(data) for data in DATA.values() if 0 < len(data) < 2000 and data.isascii()]
    status, answer = post("many", b"[" + b",".join(small[:100]) + b"]", BATCH)
    assert status in (207, 400)

    print(dict(statuses), "; most CPU and most time:", max(costs), max(costs, key=lambda cost: cost[1]))
    assert statuses[400] > 40 and len(accepted) > 60
    assert count(api.db, "workflow_runtime_events") >= before + len(accepted)
    # In a thread of its own: the browser's event loop may run in this one.
    starting = threading.Thread(target=engine.start, args=(Settings(),), kwargs={"worker": True})
    starting.start()
    starting.join()
    wait_for(lambda: count(api.db, "workflow_runs WHERE completed_at IS NULL") == 0)
    engine.stop()
    assert count(api.db, "workflow_runs") == count(api.db, "workflow_runtime_events")
    for event_id in accepted:
        cpu = api.cpu_seconds()
        assert api.get(f"/api/v2/events/{event_id}") == 200
        assert api.cpu_seconds() - cpu < 1


def test_fifty_at_once_are_one(api: Api) -> None:
    sent = anything(data={"a": 1})
    before = count(api.db, "workflow_runtime_events")
    barrier = threading.Barrier(50)

    def post(body: Any) -> tuple[int, Any]:
        barrier.wait()
        return api.post(body)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, [sent] * 50))
        assert {status for status, _ in answers} == {202}
        assert len({answer["eventId"] for _, answer in answers}) == 1
        assert len({answer["started"][0]["runId"] for _, answer in answers}) == 1
        assert Counter(answer["duplicate"] for _, answer in answers) == {True: 49, False: 1}
        assert count(api.db, "workflow_runtime_events") == count(api.db, "workflow_runs") == before + 1
        rivals = [anything(id="rival", data={"n": n % 2}) for n in range(50)]
        statuses = Counter(status for status, _ in pool.map(post, rivals))
    assert statuses == {202: 25, 409: 25}
    assert count(api.db, "workflow_runtime_events") == before + 2


def test_pages_stay_responsive_while_the_api_waits_for_the_database(api: Api) -> None:
    with ThreadPoolExecutor(60) as pool, api.db.owner.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE event_submissions IN ACCESS EXCLUSIVE MODE")
        waiting = [pool.submit(api.post, anything()) for _ in range(60)]
        wait_for(lambda: locks.waiting(api.db) >= 10)
        for path in ("/", "/_stcore/health", "/healthz", "/readyz"):
            assert api.get(path) == 200, path
        assert not any(request.done() for request in waiting)
        conn.rollback()
        for request in waiting:
            request.exception()


def test_small_responses_are_not_held_back(api: Api) -> None:
    connection = http.client.HTTPConnection(api.app.url.removeprefix("http://"), timeout=30)
    times = []
    for _ in range(21):
        started = time.monotonic()
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"status":"ok"}'
        times.append(time.monotonic() - started)
    # A busy machine holds some back. Nagle's algorithm would make each 0.04 but the first.
    assert sorted(times)[5] < 0.03


def test_an_endless_head_is_refused(api: Api) -> None:
    host, _, port = api.app.url.removeprefix("http://").partition(":")
    sent = 0
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /api/v2/events HTTP/1.1\r\nHost: here\r\n")
        with suppress(OSError):  # it does not listen any longer
            while sent < 20 * MIB:
                connection.sendall(b"x-more: of it\r\n" * 1000)
                sent += 15_000
    assert sent < 20 * MIB
    assert api.get("/healthz") == 200


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_300_mib_are_refused_with_flat_memory(api: Api, chunked: bool) -> None:
    process = psutil.Process(api.app.process.pid)
    before = highest = process.memory_info().rss
    block = bytes(MIB)
    connection = http.client.HTTPConnection(api.app.url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/api/v2/events")
    connection.putheader("Authorization", f"Bearer {api.token}")
    connection.putheader("Content-Type", STRUCTURED)
    connection.putheader(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(300 * MIB))))
    connection.endheaders()
    sent = 0
    try:
        for _ in range(300):
            connection.send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
            sent += 1
            highest = max(highest, process.memory_info().rss)
    except OSError:
        pass  # it does not listen any longer
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["status"]) == (413, 413)
    highest = max(highest, process.memory_info().rss)
    print(f"grew by {(highest - before) / MIB:.1f} MiB; {sent} MiB sent")
    assert highest - before <= 10 * MIB
    assert sent < 300
    assert api.get("/healthz") == 200
