"""Events that were refused because the catalog does not know their type: counted, so that somebody may define it.

They are counted by type and source, with a few redacted samples, in a transaction of its own. Whatever goes wrong
there is logged and changes no answer. Types, sources, samples and time are bounded; what is beyond the bounds is
counted without its name.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lib import database
from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.catalog import event_types, examples
from lib.database import Connection, advisory_locks, driver, named_queries
from lib.errors import InvalidInput, NotFound
from lib.events.judging import SentEvent
from lib.redaction import Redacted, holds_redacted
from lib.schemas import JsonSchema
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

log = logging.getLogger(__name__)

#: Of a tenant's unknown types, of the sources and the samples of one, and of the bytes of one sample.
MOST_TYPES, MOST_SOURCES, MOST_SAMPLES, MOST_SAMPLE_BYTES = 1000, 20, 10, 16 * 1024
#: Once there are enough samples, they are renewed that often.
RENEWED_EVERY = timedelta(minutes=1)
#: What was not sent again for so long is forgotten.
KEPT = timedelta(days=30)
_MOST_SHOWN = 50
#: What is counted without its name: no type and no source can be called so.
_OTHERS = ""
_NO_PAYLOAD = Redacted.of(None)
_NO_SUCH = "No events of that type were refused lately, or it is in the catalog by now."
_KEY_NAME = re.compile(r"(?:[a-z0-9](?:Id|ID|Key|Number|Uuid)|_(?:id|key|number|uuid)|^(?:id|uuid))$")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class UnknownType:
    """A type that is not in the catalog, though events of it came: from `sources`, and so many from further ones."""

    event_type: str
    events: int
    first_at: datetime
    last_at: datetime
    is_dismissed: bool
    sources: tuple[tuple[str, int], ...]
    from_others: int
    #: The latest payload, redacted, if one was small enough to keep.
    sample: JsonValue
    is_sampled: bool


@dataclass(frozen=True)
class UnknownTypes:
    """The most frequent types, of how many, how many were dismissed, and how many events had no room for their type."""

    types: list[UnknownType]
    total: int
    dismissed: int
    others: int


@dataclass(frozen=True)
class Suggestion:
    """How an event might be defined, going by what came of it."""

    correlation_paths: tuple[str, ...]
    example: JsonValue
    payload_schema: JsonSchema


def count(actor: Actor, sent: Sequence[SentEvent]) -> None:
    """Count refused events of unknown types. Never raises: their sender is not told how that went."""
    try:
        with database.write(actor, keep_plans=True) as conn:
            add(conn, actor, sent=sent)
    except Exception as error:
        log.error("%d events of unknown types could not be counted.", len(sent), extra={"error": error})


def add(conn: Connection, actor: Actor, *, sent: Sequence[SentEvent]) -> None:
    """Count events of unknown types; needs the right to send. Others who count for this tenant wait until its end."""
    actor.require("send", "counting events of unknown types")
    given = {"tenant": actor.tenant, "event_types": sorted({one.event_type for one in sent})}
    fields = {row["event_type"]: row["pointers"] for row in driver.rows(conn, queries["redacted_fields"], given)}
    counts, payloads = Counter[tuple[str, str]](), dict[str, list[Redacted]]()
    for one in sent:
        redacted = Redacted.of(one.payload, pointers=fields[one.event_type])
        event_type = _OTHERS if _NO_PAYLOAD.holds(one.event_type) else one.event_type
        counts[event_type, redacted.name(one.source) if one.source else _OTHERS] += 1
        payloads.setdefault(event_type, []).append(redacted)
    driver.rows(conn, queries["lock"], {"lock": advisory_locks.UNKNOWN_EVENTS, "tenant": str(actor.tenant)})
    row = {
        "tenant": actor.tenant,
        "event_types": [event_type for event_type, _ in counts],
        "sources": [source for _, source in counts],
        "counts": list(counts.values()),
        "most_types": MOST_TYPES,
        "most_sources": MOST_SOURCES,
        "pause": RENEWED_EVERY,
    }
    counted = driver.rows(conn, queries["count"], row)
    _keep_samples(conn, actor.tenant, [row for row in counted if row["event_type"] != _OTHERS], payloads)


def _keep_samples(
    conn: Connection, tenant: UUID, counted: Sequence[Mapping[str, Any]], payloads: Mapping[str, Sequence[Redacted]]
) -> None:
    rows, kept = list[tuple[str, int, str]](), dict[str, int]()
    for row in counted:
        event_type, before = row["event_type"], row["samples"]
        wanted = max(MOST_SAMPLES - before, int(row["is_due"]))
        texts = _small_enough(payloads[event_type], wanted)
        rows += ((event_type, (before + n) % MOST_SAMPLES, text) for n, text in enumerate(texts))
        if texts:
            kept[event_type] = len(texts)
    if not rows:
        return
    event_types, numbers, texts = map(list, zip(*rows, strict=True))
    samples = {"tenant": tenant, "event_types": event_types, "sample_nos": numbers, "payloads": texts}
    conn.execute(queries["keep_samples"], samples)
    conn.execute(queries["note_samples"], {"tenant": tenant, "event_types": list(kept), "kept": list(kept.values())})


def _small_enough(payloads: Sequence[Redacted], most: int) -> list[str]:
    """The latest payloads as text, as many as wanted, without those that are too large to keep."""
    found = list[str]()
    for redacted in reversed(payloads):
        if len(found) >= most:
            break
        text = strict_json.dumps(redacted.shown)
        if len(text.encode()) <= MOST_SAMPLE_BYTES:
            found.append(text)
    return found[::-1]


def list_types(
    conn: Connection, *, tenant: UUID, search: str = "", is_dismissed: bool | None = False, limit: int = _MOST_SHOWN
) -> UnknownTypes:
    """The types that came and are not in the catalog, most frequent first; None: dismissed or not."""
    strict_json.check_text(search, field="search")
    return _found(conn, tenant=tenant, search=search.strip()[:256], is_dismissed=is_dismissed, size=limit)


def get(conn: Connection, *, tenant: UUID, event_type: str) -> UnknownType:
    """One unknown type. Raises NotFound, also when it is in the catalog by now."""
    try:
        strict_json.check_text(event_type, field="event type")
    except InvalidInput:
        raise NotFound(_NO_SUCH) from None
    found = _found(conn, tenant=tenant, event_type=event_type).types
    if not found:
        raise NotFound(_NO_SUCH)
    return found[0]


def _found(conn: Connection, **narrowed: Any) -> UnknownTypes:
    parameters = {"search": "", "is_dismissed": None, "event_type": None, "size": 1} | narrowed
    rows = conn.execute(queries["page"], parameters).all()
    types = [_unknown_type(row) for row in rows if row.event_type is not None]
    return UnknownTypes(types, rows[0].total, rows[0].dismissed, rows[0].others)


def _unknown_type(row: Any) -> UnknownType:
    sources = {one["source"]: one["events"] for one in row.sources or ()}
    return UnknownType(
        event_type=row.event_type,
        events=row.events,
        first_at=row.first_at,
        last_at=row.last_at,
        is_dismissed=row.is_dismissed,
        from_others=sources.pop(_OTHERS, 0),
        sources=tuple(sources.items()),
        sample=strict_json.loads(row.sample) if row.sample else None,
        is_sampled=row.sample is not None,
    )


def suggestion(conn: Connection, *, tenant: UUID, event_type: str) -> Suggestion:
    """How this unknown type might be defined, its schema inferred from what was kept of it. Raises NotFound."""
    unknown = get(conn, tenant=tenant, event_type=event_type)
    keys = {"tenant": tenant, "event_type": event_type}
    samples = [strict_json.loads(text) for text in conn.execute(queries["samples"], keys).scalars()]
    schema = examples.schema_of_redacted(samples)
    return Suggestion(
        correlation_paths=correlation_paths(event_type, schema),
        example=next((one for one in samples if not holds_redacted(one)), unknown.sample),
        payload_schema=schema,
    )


def correlation_paths(event_type: str, schema: JsonSchema) -> tuple[str, ...]:
    """The field of an inferred schema that most likely says what an event is about; none where nothing looks like it.

    That of DEVICE_OFFLINE is deviceId rather than tenantId.
    """
    about = [word.lower() for word in event_types.words(event_type)][:1]
    keys = [name for name in schema.get("required", ()) if _is_key(name, schema["properties"][name])]
    keys.sort(key=lambda name: [word.lower() for word in event_types.words(name)][:1] != about)
    return tuple(keys[:1])


def _is_key(name: str, said: JsonSchema) -> bool:
    """Whether a field looks like the id of something. A path cannot name a field with a dot in it."""
    if "." in name or name.lower().startswith("tenant") or said.get("type") not in ("string", "integer"):
        return False
    return said.get("format") == "uuid" or ("format" not in said and _KEY_NAME.search(name) is not None)


def dismiss(conn: Connection, actor: Actor, *, event_type: str) -> None:
    """Leave a type out of the list, however many more of it come; audited, needs manage. Raises NotFound."""
    actor.require("manage", acts.UnknownTypeDismissed, on=event_type)
    unknown = get(conn, tenant=actor.tenant, event_type=event_type)
    if _set_dismissed(conn, actor, event_type, True):
        audit.record(conn, actor, acts.UnknownTypeDismissed(target_id=event_type, events=unknown.events))


def bring_back(conn: Connection, actor: Actor, *, event_type: str) -> None:
    """List a dismissed type again; audited, needs manage. Raises NotFound."""
    actor.require("manage", acts.UnknownTypeBroughtBack, on=event_type)
    get(conn, tenant=actor.tenant, event_type=event_type)
    if _set_dismissed(conn, actor, event_type, False):
        audit.record(conn, actor, acts.UnknownTypeBroughtBack(target_id=event_type))


def _set_dismissed(conn: Connection, actor: Actor, event_type: str, is_dismissed: bool) -> bool:
    """Whether that changed anything."""
    row = {"tenant": actor.tenant, "event_type": event_type, "is_dismissed": is_dismissed}
    return bool(conn.execute(queries["set_dismissed"], row).all())


def forget(conn: Connection) -> int:
    """Remove what was not sent for a month and what the catalog knows by now; how many types. Owner's connection."""
    return conn.execute(queries["forget"], {"kept": KEPT}).rowcount
