"""Would the latest real events of its type start a workflow? Asked before it is published, and shown ever after.

The events are those that people may see: redacted. What was redacted may fit or not, so nothing is said of it. Nothing
is written, and each event is mapped and checked within the limits of a dry run.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.catalog import schema_registry
from lib.database import Connection, named_queries
from lib.schemas import JsonSchema
from lib.serialization import strict_json
from lib.workflows import dry_run
from lib.workflows.dry_run import StartFailure
from lib.workflows.records import triggered_by

#: So many of the latest events, and so many seconds for all of them together.
LATEST_EVENTS = 100
MOST_SECONDS = 5.0
_MOST_KNOWN = 500

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class GateFailure:
    """An event that would not start the workflow; `place` is where its payload, as mapped, is wrong."""

    event_id: UUID
    created_at: datetime
    place: str
    sentence: str


@dataclass(frozen=True)
class GateGroup:
    """The events that fail at one place for one reason."""

    place: str
    sentence: str
    failures: tuple[GateFailure, ...]


@dataclass(frozen=True)
class Gate:
    """What would become of the `total` latest real events, of which `checked` were tried within the time.

    Of those, `starting` would start the workflow, and of `undecided` ones nobody can tell, since the mapping needs what
    was redacted. At `skipped_places` redacted values were not checked.
    """

    event_type: str | None
    total: int = 0
    checked: int = 0
    starting: int = 0
    undecided: int = 0
    failures: tuple[GateFailure, ...] = ()
    skipped_places: tuple[str, ...] = ()

    @property
    def none_starts(self) -> bool:
        """Whether there are events and it is sure that none of them would start the workflow."""
        return self.checked > 0 and len(self.failures) == self.checked

    @property
    def groups(self) -> tuple[GateGroup, ...]:
        """The failures by place and reason, the most frequent first."""
        found: dict[tuple[str, str], list[GateFailure]] = {}
        for failure in self.failures:
            found.setdefault((failure.place, failure.sentence), []).append(failure)
        groups = [GateGroup(place, sentence, tuple(some)) for (place, sentence), some in found.items()]
        return tuple(sorted(groups, key=lambda group: -len(group.failures)))

    @property
    def sentence(self) -> str:
        """The figures in a sentence."""
        if not self.total:
            return "No real event of this type came yet, so there is nothing to try."
        said = f"{self.starting} of {self.checked} would start"
        if self.undecided:
            said += f", of {self.undecided} it cannot be told"
        if self.failures:
            places = "; ".join(
                f"{len(one.failures)} fail{'s' if len(one.failures) == 1 else ''} at "
                f"{one.place or 'the payload'}: {one.sentence.removesuffix('.')}"
                for one in self.groups[:2]
            )
            rest = sum(len(one.failures) for one in self.groups[2:])
            said += f", {places}" + (f"; {rest} fail{'s' if rest == 1 else ''} elsewhere" if rest else "")
        short = f" Checked {self.checked} of {self.total} within the time." if self.checked < self.total else ""
        return f"{said}.{short}"


def check(
    conn: Connection,
    *,
    tenant: UUID,
    definition: Mapping[str, Any],
    event_type: str | None = None,
    schema: JsonSchema | None = None,
    seconds: float = MOST_SECONDS,
) -> Gate:
    """Try a definition with the latest real events of a type, else of its trigger's. Reads only.

    `schema` is what the workflow's payload has to fit, else what the definition names. A definition that maps nothing
    takes the event's own payload, so this also tells how events do with another schema of theirs.
    """
    event_type = event_type or triggered_by(definition.get("trigger"))
    if event_type is None:
        return Gate(None)
    keys = {"tenant": tenant, "event_type": event_type}
    newest = conn.execute(queries["newest"], keys).scalar_one_or_none()
    if newest is None:
        return Gate(event_type)
    ref = definition.get("payloadSchemaRef")
    if schema is None and isinstance(ref, str):
        schema = schema_registry.schema(conn, tenant=tenant, ref=ref)
    asked = (tenant, event_type, newest, _digest([definition.get("trigger"), ref, schema]), seconds)
    if known := _known.get(asked):
        return known
    events = conn.execute(queries["latest"], {**keys, "size": LATEST_EVENTS}).all()
    found = _tried(event_type, events, definition, schema, time.monotonic() + seconds)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[asked] = found
    return found


def of_published(conn: Connection, *, tenant: UUID, workflow_id: UUID) -> Gate:
    """How the latest real events do with a workflow's latest published version; of no event where nothing starts it."""
    row = conn.execute(queries["published"], {"tenant": tenant, "workflow_id": workflow_id}).one_or_none()
    if row is None:
        return Gate(None)
    schema = strict_json.loads(row.payload_schema) if row.payload_schema else None
    return check(conn, tenant=tenant, definition=strict_json.loads(row.definition), schema=schema)


#: What was found out, by the tenant, the newest event and what was tried: pages ask for the same again and again.
_known: dict[tuple[UUID, str, UUID, bytes, float], Gate] = {}


def _digest(tried: list[Any]) -> bytes:
    return hashlib.sha256(strict_json.dumps(tried).encode()).digest()


def _tried(
    event_type: str,
    events: Sequence[Any],
    definition: Mapping[str, Any],
    schema: JsonSchema | None,
    deadline: float,
) -> Gate:
    checked = starting = undecided = 0
    failures, skipped = list[GateFailure](), dict[str, None]()
    for event in events:
        if checked and time.monotonic() > deadline:
            break
        checked += 1
        failure, unchecked = _failure(event, definition, schema)
        skipped |= dict.fromkeys(unchecked)
        if failure is None:
            starting += 1
        elif failure.is_certain:
            failures.append(GateFailure(event.event_id, event.created_at, failure.place, failure.message))
        else:
            undecided += 1
            skipped[failure.place or "the payload"] = None
    return Gate(event_type, len(events), checked, starting, undecided, tuple(failures), tuple(skipped))


def _failure(
    event: Any, definition: Mapping[str, Any], schema: JsonSchema | None
) -> tuple[StartFailure | None, tuple[str, ...]]:
    """Why an event would not start the workflow, if so, and what of it was not checked. What is certain comes first."""
    trigger, ref = definition.get("trigger") or {}, definition.get("payloadSchemaRef")
    carried = event.payload_schema_ref
    if event.is_named and carried and trigger and trigger.get("payloadMapping") is None and carried != ref:
        message = f"Its sender named the schema {carried}, the workflow takes {ref}, and nothing maps them."
        return StartFailure("", message, message), ()
    payload = strict_json.loads(event.payload)
    start = dry_run.start(
        definition, payload=payload, schema=schema, correlation_key=event.correlation_key, event_schema_ref=carried
    )
    return min(start.failures, key=lambda one: not one.is_certain, default=None), start.unchecked
