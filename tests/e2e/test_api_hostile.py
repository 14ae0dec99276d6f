"""The API of the real process under hostile bodies, oversized ones, and many callers at once."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import text

from lib import engine
from lib.auth import Actor
from lib.database import Database
from lib.settings import Settings
from tests.api_client import BATCH, STRUCTURED, event, new_token
from tests.conftest import ActorFactory
from tests.e2e.conftest import RunningApp, start_app, stop_app

MIB = 2**20
pytestmark = pytest.mark.timeout(300)

# Texts that stand where an event's data should be. What is accepted of them must start a run that ends.
DATA: dict[str, bytes] = {
    "NUL escaped": rb'{"a":"\u0000"}',
    "NUL in a key": rb'{"\u0000":1}',
    "NUL raw": b'{"a":"\x00"}',
    "control character raw": b'{"a":"\x01\n"}',
    "high surrogate": rb'{"a":"\ud800"}',
    "low surrogate": rb'{"a":"\udfff"}',
    "surrogates the wrong way round": rb'{"a":"\udc00\ud800"}',
    "surrogate in a key": rb'{"\ud800":1}',
    "surrogate as bytes": b'{"a":"\xed\xa0\x80"}',
    "surrogate pair": rb'{"a":"\ud83d\ude00"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "-1e400": b'{"a":-1e400}',
    "1e-400": b'{"a":1e-400}',
    "1e131072": b'{"a":1e131072}',
    "exponent without end": b'{"a":1e' + b"9" * 5000 + b"}",
    "minus zero": b'{"a":-0.0,"b":-0}',
    "2^53+1": b'{"a":9007199254740993}',
    "4,301 digits": b'{"a":' + b"9" * 4301 + b"}",
    "131,072 digits": b'{"a":' + b"9" * 131_072 + b"}",
    "131,073 digits": b'{"a":' + b"9" * 131_073 + b"}",
    "20,000 decimals": b'{"a":0.' + b"1" * 20_000 + b"}",
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "hexadecimal": b'{"a":0x10}',
    "bare point": b'{"a":.5,"b":1.}',
    "depth 64": b"[" * 64 + b"]" * 64,
    "depth 65": b"[" * 65 + b"]" * 65,
    "depth 1,500": b"[" * 1500 + b"]" * 1500,
    "depth 7,000": b'{"a":' * 7000 + b"1" + b"}" * 7000,
    "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
    "depth without end": b"[" * 200_000,
    "brackets in a string": b'{"a":"' + b"[{" * 50_000 + b'"}',
    "same key twice": b'{"a":1,"a":2}',
    "same key twice, escaped": rb'{"a":1,"\u0061":2}',
    "key of 100,000": b'{"' + b"k" * 100_000 + b'":1}',
    "string of 200,000": b'{"a":"' + b"s" * 200_000 + b'"}',
    "30,000 escapes": b'{"a":"' + rb"\u00e9" * 30_000 + b'"}',
    "20,000 keys": json.dumps({f"k{n}": n for n in range(15_000)}).encode(),
    "60,000 nulls": b"[" + b"null," * 40_000 + b"null]",
    "empty key": b'{"":{"":""}}',
    "prototype": b'{"__proto__":{"admin":true},"constructor":{"prototype":{}}}',
    "looks like a mapping": b'{"$expr":"$eval(\'1\')","$ref":"file:///etc/passwd"}',
    "looks like a pointer": b'{"a/b":{"~0~1":1},"..":{"%":1}}',
    "SQL": b'{"a":"\'; SELECT set_config(\'app.tenant\', \'x\', false); --"}',
    "placeholders": b'{"a":":tenant %s %(x)s {0} ${a} {{a}}"}',
    "script": b'{"a":"<script>alert(1)</script><img src=x onerror=alert(1)>"}',
    "remote image": b'{"a":"![x](http://127.0.0.1:1/x.png)"}',
    "formula": b'{"a":"=cmd|\' /C calc\'!A0"}',
    "right-to-left override": '{"a":"\u202egpj.exe\u2066\u200b"}'.encode(),
    "noncharacters": '{"a":"\ufdd0\uffff\U0010ffff"}'.encode(),
    "combining marks": ('{"a":"' + "e" + "\u0301" * 50_000 + '"}').encode(),
    "unterminated string": b'{"a":"' + b"x" * 100_000,
    "unterminated escapes": b'{"a":"' + b"\\" * 100_001,
    "unterminated object": b'{"a":1',
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1/*x*/}',
    "second value": b'{"a":1}{"b":2}',
    "nothing": b"",
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "overlong UTF-8": b'{"a":"\xc0\xa0"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "byte order mark inside": b'\xef\xbb\xbf{"a":1}',
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a string": b'"text"',
    "backtracking": b'{"a":"' + b"a" * 5000 + b'!"}',
    "card and password": b'{"card":"4111111111111111","password":"hunter2 ' + b"x" * 1000 + b'"}',
}  # fmt: skip


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
    """The process, and a token for it."""

    app: RunningApp
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

    def get(self, path: str) -> tuple[int, float]:
        """Status, and how long it took in seconds."""
        connection = http.client.HTTPConnection(self.app.url.removeprefix("http://"), timeout=30)
        started = time.monotonic()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, time.monotonic() - started


@pytest.fixture
def api(db: Database, new_actor: ActorFactory, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The real app on the test's database, with a workflow that takes any payload; WORKER by parameter."""
    actor = new_actor("manage")
    worker = getattr(request, "param", "in-process")
    take_anything(db, actor)
    (tmp_path / "postgres").mkdir()  # there is a database already
    urls = {name: pool.url.render_as_string(hide_password=False) for name, pool in
            (("DATABASE_URL", db.owner), ("APP_DATABASE_URL", db.app))}  # fmt: skip
    app = start_app(tmp_path, AUTH="off", WORKER=worker, API_RATE_PER_SECOND="1e5", API_BURST="100000", **urls)
    running = Api(app, new_token(actor))
    wait_for(lambda: running.get("/readyz")[0] == 200)
    running.post(anything())  # starts the schema checker
    yield running
    stop_app(app)
    log = app.log.read_text()
    assert "Traceback" not in log and "Unexpected error" not in log
    assert "hunter2" not in log


def take_anything(db: Database, actor: Actor) -> None:
    trigger = {"type": "event", "eventName": "ANYTHING"}
    end = {"id": "end", "type": "control.return", "config": {"output": {"$expr": "payload"}}}
    definition = {"id": "x", "version": 1, "name": "Any", "payloadSchemaRef": "payload.Any.v1", "trigger": trigger,
                  "steps": [end]}  # fmt: skip
    values = {"t": actor.tenant, "w": uuid4(), "tr": json.dumps(trigger), "d": json.dumps(definition)}
    with db.owner.begin() as conn:
        for statement in (
            "INSERT INTO payload_schemas (tenant, schema_ref, schema) VALUES (:t, 'payload.Any.v1', '{}')",
            "INSERT INTO event_catalog (tenant, event_type, name, description, category, status, payload_schema_ref)"
            " VALUES (:t, 'ANYTHING', 'Anything', '', 'Own', 'active', 'payload.Any.v1')",
            "INSERT INTO workflow_definitions (tenant, workflow_id, name, status, trigger, published_version)"
            " VALUES (:t, :w, 'Any', 'published', CAST(:tr AS jsonb), 1)",
            "INSERT INTO workflow_definition_versions (tenant, workflow_id, version, definition_json)"
            " VALUES (:t, :w, 1, CAST(:d AS jsonb))",
        ):
            conn.execute(text(statement), values)


def count(db: Database, what: str) -> int:
    with db.owner.connect() as conn:
        return int(conn.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one())


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def envelope(data: bytes) -> bytes:
    head = json.dumps(anything(data=...)).encode().removesuffix(b"}")
    return head + b',"data":' + data + b"}"


@pytest.mark.parametrize("api", ["external"], indirect=True)  # so that CPU time is that of requests alone
def test_hostile_events_are_refused_or_run_to_their_end(api: Api, db: Database) -> None:
    assert len(DATA) + len(BODIES) + len(HEADERS) >= 90
    before = count(db, "workflow_runtime_events")
    statuses, accepted = Counter[int](), set[str]()
    costs: list[tuple[float, float, str]] = []

    def post(name: str, body: bytes, *arguments: str, **headers: str) -> tuple[int, Any]:
        cpu, started = api.cpu_seconds(), time.monotonic()
        status, answer = api.post(body, *arguments, **headers)
        costs.append((round(api.cpu_seconds() - cpu, 2), round(time.monotonic() - started, 2), name))
        assert costs[-1][0] < 1, costs[-1]
        return status, answer

    def note(status: int, answer: Any) -> int:
        assert status < 500, answer
        statuses[status] += 1
        if status == 202:
            accepted.add(answer["eventId"])
        return status

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
    assert count(db, "workflow_runtime_events") >= before + len(accepted)
    # In a thread of its own: the browser's event loop may run in this one.
    starting = threading.Thread(target=engine.start, args=(Settings(),), kwargs={"worker": True})
    starting.start()
    starting.join()
    wait_for(lambda: count(db, "workflow_runs WHERE completed_at IS NULL") == 0)
    engine.stop()
    assert count(db, "workflow_runs") == count(db, "workflow_runtime_events")
    for event_id in accepted:
        status, seconds = api.get(f"/api/v2/events/{event_id}")
        assert status == 200 and seconds < 1


def test_fifty_at_once_are_one(api: Api, db: Database) -> None:
    sent = anything(data={"a": 1})
    before = count(db, "workflow_runtime_events")
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
        assert count(db, "workflow_runtime_events") == count(db, "workflow_runs") == before + 1
        rivals = [anything(id="rival", data={"n": n % 2}) for n in range(50)]
        statuses = Counter(status for status, _ in pool.map(post, rivals))
    assert statuses == {202: 25, 409: 25}
    assert count(db, "workflow_runtime_events") == before + 2


def test_pages_stay_responsive_while_the_api_waits_for_the_database(api: Api, db: Database) -> None:
    with ThreadPoolExecutor(60) as pool, db.owner.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE event_submissions IN ACCESS EXCLUSIVE MODE")
        waiting = [pool.submit(api.post, anything()) for _ in range(60)]
        blocked = "pg_locks WHERE NOT granted AND relation = 'event_submissions'::regclass"
        wait_for(lambda: count(db, blocked) >= 10)
        for path in ("/", "/_stcore/health", "/healthz", "/readyz"):
            status, seconds = api.get(path)
            assert status == 200 and seconds < 1, path
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
    assert statistics.median(times) < 0.03, "Nagle's algorithm would make it 0.04"


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
    assert api.get("/healthz")[0] == 200
