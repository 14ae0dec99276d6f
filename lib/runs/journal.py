"""What a run has done so far, kept in the database, and read from there when the run goes on.

A step that acts on the world is written before it begins and as soon as it has ended. One that only reckons is written
with what follows it, since to do it again harms nobody (docs/decisions/0119).

Only the turn in charge of a run may write. When the run was canceled, or another turn took over because this process
seemed dead, every write stops the turn instead. What people may see of steps is written redacted. The results from
which the run goes on are kept raw, in a table of their own, until it ends.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from lib import database
from lib.database import Connection, driver, named_queries
from lib.errors import DatabaseUnavailable
from lib.redaction import Redacted, redact
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.steps import STEP_TYPES, Recorded, RunFacts, Step
from lib.steps.execution import RunInterrupted, Wait, WaitEnd
from lib.telemetry import traces

queries = named_queries.of(__name__)

T = TypeVar("T")

_RETRY_SECONDS = 0.5
#: So many steps without an effect are written at once, or so much of them, and not later than this after the first.
_GATHER_STEPS = 50
_GATHER_CHARACTERS = 256 * 1024
_GATHER_SECONDS = 0.25
#: Results and inputs read back from the database may be larger than what is accepted from outside.
_NO_LIMIT = 1 << 30
#: Types of steps whose results come from outside the run.
_ACTING = frozenset(name for name, kind in STEP_TYPES.items() if kind.effect == "act")
#: So many secrets of such results are looked for in all that follows. Each costs every later step a search.
_MOST_LEARNT = 10_000


class NotInCharge(RunInterrupted):
    """Another turn has the run, or it has ended; leave it alone."""


class Stopping(RunInterrupted):
    """This process is shutting down; let another one go on."""


class Suspended(RunInterrupted):
    """The run waits; whoever ends the wait starts its next turn."""


@dataclass(frozen=True)
class Begun:
    """A run whose turn has begun; definition None when its version is unknown."""

    facts: RunFacts
    definition: JsonValue
    version: int
    redacted_input: JsonValue


@dataclass(frozen=True)
class Turn:
    """One turn of a run, the right to write about it for as long as it is in charge."""

    tenant: UUID
    run_id: UUID
    number: int

    def keys(self) -> dict[str, Any]:
        """Parameters that every statement about the turn takes."""
        return {"tenant": self.tenant, "run_id": self.run_id, "turn": self.number}


def persist(work: Callable[[Connection], T], stopping: threading.Event, *, single: bool = False) -> T:
    """Do it in a transaction. If the database is away, wait until it is back, however long that takes.

    `single` is for work of a single statement, which is a transaction by itself and needs no trip to begin and end one.
    Raises Stopping when the process is to end meanwhile.
    """
    connect = database.operate_outside_transaction if single else database.operate
    while True:
        try:
            with connect() as conn:
                return work(conn)
        except DatabaseUnavailable:
            if stopping.wait(_RETRY_SECONDS):
                raise Stopping from None


class UnwrittenSteps:
    """Steps of a run that are noted and still to be written, all in one statement."""

    def __init__(self) -> None:
        self._rows: list[str] = []
        self._last: str | None = None
        self._since = math.inf

    def add(self, row: Mapping[str, Any]) -> None:
        """Note a step, with what it is called in record_steps."""
        now = time.monotonic()
        self._rows.append(strict_json.dumps({**row, "noted": now}))
        self._last, self._since = row["step_path"], min(self._since, now)

    @property
    def are_many(self) -> bool:
        """Whether they should wait no longer for the next step."""
        return (
            len(self._rows) >= _GATHER_STEPS
            or sum(map(len, self._rows)) >= _GATHER_CHARACTERS
            or time.monotonic() - self._since >= _GATHER_SECONDS
        )

    def parameters(self) -> dict[str, Any]:
        """What the statements that write them take; the run stands at the last of them."""
        return {"steps": f"[{','.join(self._rows)}]", "now": time.monotonic(), "node_path": self._last}


class RunJournal:
    """The Journal of one turn."""

    def __init__(self, turn: Turn, stopping: threading.Event) -> None:
        self._turn = turn
        self._stopping = stopping
        self._ended: dict[str, Recorded] = {}
        self._noted: dict[str, JsonValue] = {}
        self._waiting: set[str] = set()
        self._begun: set[str] = set()
        self._unwritten = UnwrittenSteps()
        self._redacted = Redacted.of(None)
        self._learnt = 0

    def open(self) -> Begun:
        """Begin the turn and read what earlier ones did. Raises NotInCharge."""
        row, steps, events = persist(self._read, self._stopping, single=self._turn.number == 1)
        for step in steps:
            result = None if step.result is None else stored(step.result)
            if step.status in ("SUCCEEDED", "FAILED"):
                self._ended[step.step_path] = Recorded(result, stored(step.error) if step.error else None)
            if step.status == "WAITING":
                self._waiting.add(step.step_path)
            if result is not None:
                self._noted[step.step_path] = result
        payload, redacted_input = stored(row["input"]), stored(row["redacted_input"])
        waited_for = [Redacted.known(stored(event.payload), stored(event.redacted)) for event in events]
        self._redacted = Redacted.known(payload, redacted_input).also(waited_for)
        self._learn_secrets(self._noted.get(step.step_path) for step in steps if step.step_type in _ACTING)
        event = {
            "name": row["event_type"],
            "id": str(row["trigger_event_id"]) if row["trigger_event_id"] else None,
            "correlationKey": row["correlation_key"],
            "payloadSchemaRef": row["source_payload_schema_ref"],
        }
        definition = None if row["definition"] is None else stored(row["definition"])
        facts = RunFacts(str(self._turn.run_id), payload, event)
        return Begun(facts, definition, row["workflow_version"], redacted_input)

    def _read(self, conn: Connection) -> tuple[Mapping[str, Any], list[Any], list[Any]]:
        rows = driver.rows(conn, queries["begin_turn"], self._turn.keys())
        if not rows:
            raise NotInCharge
        if self._turn.number == 1:
            return rows[0], [], []  # nothing was done before
        steps = list(conn.execute(queries["recorded_steps"], self._turn.keys()))
        # Only a run that has waited goes on with recorded steps and another event's payload.
        events = list(conn.execute(queries["events_waited_for"], self._turn.keys())) if steps else []
        return rows[0], steps, events

    def recorded(self, step: Step) -> Recorded | None:
        if self._stopping.is_set():
            raise Stopping
        return self._ended.get(step.path)

    def noted(self, step: Step) -> JsonValue:
        return self._noted.get(step.path)

    def begin(self, step: Step, shown_input: JsonValue, result: JsonValue = None) -> int:
        if result is not None:
            self._noted[step.path] = result
        self._begun.add(step.path)
        self._note(step, "RUNNING", shown_input=shown_input, result=result)
        return self._write()[step.path]

    def succeed(self, step: Step, result: JsonValue, *, shown_input: JsonValue, seconds: float) -> None:
        if step.type in _ACTING:
            self._learn_secrets([result])
        raw = None if step.path in self._noted else result
        self._note(step, "SUCCEEDED", shown_input=shown_input, output=result, result=raw, seconds=seconds)
        self._write_if_due(step)

    def fail(self, step: Step, error: Mapping[str, Any], *, seconds: float) -> None:
        self._note(step, "FAILED", error=error, seconds=seconds)
        self._write_if_due(step)

    def pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopping

    def waited(self, step: Step) -> WaitEnd | None:
        if step.path not in self._waiting:
            return None
        keys = {**self._turn.keys(), "step_path": step.path}
        row = persist(lambda conn: conn.execute(queries["wait_of_step"], keys).one(), self._stopping, single=True)
        if row.status == "WAITING":
            raise NotInCharge
        payload = None if row.payload is None else stored(row.payload)
        return WaitEnd(timed_out=row.status == "TIMED_OUT", payload=payload)

    def wait(self, step: Step, wait: Wait, shown_input: JsonValue) -> None:
        is_secret = wait.key is not None and self._redacted.holds(wait.key)

        self._note(step, "WAITING", shown_input=shown_input)

        def work(conn: Connection) -> None:
            self._record(conn)
            row = {
                "step_path": step.path,
                "wait_type": "event" if wait.event_name else "time",
                "event_name": wait.event_name,
                "key": wait.key,
                "is_secret": is_secret,
                "seconds": wait.seconds,
                "until": wait.until,
            }
            conn.execute(queries["open_wait"], {**self._turn.keys(), **row})
            conn.execute(queries["suspend_run"], self._turn.keys())

        persist(work, self._stopping)
        raise Suspended

    def finish(self, output: JsonValue) -> None:
        """The run succeeded."""
        self._end("SUCCEEDED", output=output)

    def fail_run(self, error: Mapping[str, Any]) -> None:
        """The run failed."""
        traces.current().fail(error["code"])
        self._end("FAILED", error=error)

    def _end(self, status: str, *, output: JsonValue = None, error: Mapping[str, Any] | None = None) -> None:
        shown = {"shown_output": self._redacted.mask(output), "error": self._shown_error(error)}

        def work(conn: Connection) -> None:
            end_run(conn, self._turn, status, output=output, **shown, steps=self._unwritten)

        persist(work, self._stopping, single=True)

    def _note(
        self,
        step: Step,
        status: str,
        *,
        shown_input: JsonValue = None,
        output: JsonValue = None,
        result: JsonValue = None,
        error: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> None:
        row = {
            "step_path": step.path,
            "step_type": step.type,
            "status": status,
            "input": self._redacted.mask(shown_input),
            "output": self._redacted.mask(output),
            "error": self._shown_error(error),
            "result": result,
            "seconds": seconds,
        }
        self._unwritten.add(row)

    def _write_if_due(self, step: Step) -> None:
        """Write what a step did that had an effect, so that it is not done again; other steps with the next one."""
        if step.path in self._begun or self._unwritten.are_many:
            self._write()

    def _write(self) -> dict[str, int]:
        attempts = persist(self._record, self._stopping, single=True)
        self._unwritten = UnwrittenSteps()
        return attempts

    def _record(self, conn: Connection) -> dict[str, int]:
        """Write what is unwritten, in one statement; the attempt of each step."""
        written = driver.rows(conn, queries["record_steps"], {**self._turn.keys(), **self._unwritten.parameters()})
        if not written:
            raise NotInCharge
        return {step["step_path"]: step["attempt"] for step in written}

    def _shown_error(self, error: Mapping[str, Any] | None) -> JsonValue:
        if error is None:
            return None
        return {**error, "message": self.sentence(error["message"])}  # its code is a word of ours, not of a payload

    def _learn_secrets(self, results: Iterable[JsonValue]) -> None:
        """Hide what is secret in these results wherever it turns up from now on."""
        for result in results:
            if self._learnt >= _MOST_LEARNT:
                return
            found = Redacted.known(result, redact(result))
            if new := found.hidden - self._redacted.hidden:
                self._redacted = self._redacted.also([found])
                self._learnt += len(new)

    def shown(self, value: JsonValue) -> JsonValue:
        return self._redacted.mask(value)

    def sentence(self, text: str) -> str:
        return self._redacted.sentence(text)


def end_run(
    conn: Connection,
    turn: Turn,
    status: str,
    *,
    output: JsonValue = None,
    shown_output: JsonValue = None,
    error: JsonValue = None,
    steps: UnwrittenSteps | None = None,
) -> None:
    """End the run if the turn is in charge, write these steps of it, and forget its raw results. Raises NotInCharge."""
    row = {
        "status": status,
        "output": _dump(output),
        "redacted_output": _dump(shown_output),
        "error": _dump(error),
        **(steps or UnwrittenSteps()).parameters(),
    }
    if not driver.rows(conn, queries["end_run"], {**turn.keys(), **row}):
        raise NotInCharge


def stored(text: str) -> JsonValue:
    """The JSON value that a run's row holds."""
    return strict_json.parse(text, max_bytes=_NO_LIMIT, max_depth=500)


def _dump(value: JsonValue) -> str | None:
    return None if value is None else strict_json.dumps(value)
