"""Events before anything becomes of them: read as they were sent, redacted, and judged by their schema.

One statement reads all that a decision needs, for one event or for many. Reads only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from lib.auth.actors import Actor
from lib.catalog.event_types import LONGEST_KEY
from lib.database import Connection, driver, named_queries
from lib.errors import CatalogError, InvalidInput, NotFound, TokenEnded
from lib.events import correlation, matching
from lib.events.known_schemas import known
from lib.events.matching import EventFacts
from lib.redaction import REDACTED, Redacted, redact_text
from lib.sandbox.validation import Checker
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

SchemaStatus = Literal["valid", "invalid", "timed_out", "schema_error", "unknown", "missing"]

LONGEST_NAME = 256
#: What the checks and mappings of one request may take together in children (`sandbox.within`). Its transaction holds
#: the token meanwhile, and whoever revokes that waits.
MOST_SECONDS = 10.0
#: The source of replays. Source and id together name an event: a sender who had it could take the name of a replay
#: before that is made, and the replay would start nothing.
REPLAYS = "backfill"

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class SentEvent:
    """An event as its sender gave it; None where the catalog or the payload decides."""

    event_type: str
    payload: JsonValue
    source: str | None = None
    submission_id: str | None = None
    correlation_key: str | None = None
    schema_ref: str | None = None
    #: Whether strict_json read the payload, so that it need not be checked again.
    is_read: bool = False
    #: Whether source and id are our own words, which hold no secret whatever they have in common with the payload's.
    is_ours: bool = False

    @property
    def kind(self) -> tuple[str, str | None]:
        """The event type and schema ref: events of one kind are decided on by the same facts."""
        return self.event_type, self.schema_ref

    def check(self) -> None:
        """Raise InvalidInput naming the field that has a wrong length or a character that cannot be stored."""
        for field, value, longest in (
            ("type", self.event_type, LONGEST_NAME),
            ("source", self.source, LONGEST_NAME),
            ("id", self.submission_id, LONGEST_NAME),
            ("correlationKey", self.correlation_key, LONGEST_KEY),
            ("schemaRef", self.schema_ref, LONGEST_NAME),
        ):
            if value is None:
                continue
            if not value or len(value) > longest:
                raise InvalidInput(field, f"must have 1 to {longest} characters")
            strict_json.check_text(value, field=field)
        if self.source == REPLAYS and not self.is_ours:
            raise InvalidInput("source", f"must not be {REPLAYS}, which only replays of the catalog itself have")
        if not self.is_read:
            strict_json.check(self.payload)

    def refusal(self) -> InvalidInput | None:
        """What `check` would raise."""
        try:
            self.check()
        except InvalidInput as error:
            return error
        return None


@dataclass(frozen=True)
class JudgedEvent:
    """An event that was redacted and judged by its schema, before anything became of it.

    `key` is its correlation key as it came. `facts` has it as people may see it.
    """

    event_id: UUID
    created_at: datetime
    source: str | None
    facts: EventFacts
    key: str | None
    schema_status: SchemaStatus
    schema_errors: list[dict[str, Any]]
    schema_ref_conflict: dict[str, Any] | None
    #: Workflows that the event may start, as rows; see queries/events/judging.sql.
    candidates: Sequence[Mapping[str, Any]]
    #: Whether any run waits for an event of this type.
    has_waits: bool
    #: Whether any source or id of the tenant may be kept as a digest.
    has_digests: bool

    @property
    def key_is_secret(self) -> bool:
        """Whether people may not see the key."""
        return self.key is not None and self.facts.correlation_key != self.key


def judge_all(
    conn: Connection, actor: Actor, sent: Sequence[SentEvent], *, only_workflow: UUID | None = None
) -> list[JudgedEvent | CatalogError]:
    """Each event judged, or why it cannot be taken: NotFound for a type that the catalog does not know, and
    PermissionDenied for one that the actor, a token, may not send.

    Their ids are in the order of the events, which share their time. `only_workflow` limits the candidates to one.
    Raises TokenEnded when the actor is a token that ended or may send nothing any more. If it does not, the token is as
    it was until the transaction ends.
    """
    kinds = Counter(one.kind for one in sent)
    keys = {
        "tenant": actor.tenant,
        "token_id": actor.user_id if actor.is_token else None,
        "event_types": [event_type for event_type, _ in kinds],
        "schema_refs": [ref for _, ref in kinds],
        "counts": list(kinds.values()),
        "only_workflow": only_workflow,
    }
    found = driver.rows(conn, queries["facts"], keys)
    if any(row["waited"] for row in found):
        found = driver.rows(conn, queries["facts"], keys)
    rows = dict(zip(kinds, found, strict=True))
    if not all(row["may_send"] for row in rows.values()):
        raise TokenEnded
    ids = iter(sorted(event_id for row in rows.values() for event_id in row["event_ids"]))
    candidates = {kind: [_candidate(one) for one in row["candidates"]] for kind, row in rows.items()}
    return [_judged(actor, one, rows[one.kind], candidates[one.kind], ids) for one in sent]


def judge(
    payload: Redacted, *, schema: Checker | None, schema_ref: str | None
) -> tuple[SchemaStatus, list[dict[str, Any]]]:
    """How a payload keeps to the schema that the ref names, and where it does not, without what is hidden in it."""
    if schema is None:
        return ("unknown" if schema_ref else "missing"), []
    found = schema.violations(payload.payload)
    if found.valid:
        return "valid", []
    whole = [{"path": "", "message": found.error, "keyword": found.error_status}] if found.error else []
    shown = matching.violated(payload, payload.payload, found.violations)
    errors = [error | {"keyword": v.keyword} for error, v in zip(shown, found.violations, strict=True)]
    return found.status, whole + errors


def _candidate(read: Mapping[str, Any]) -> Mapping[str, Any]:
    """A candidate as the driver would give it, had it not come inside JSON."""
    return {**read, "workflow_id": UUID(read["workflow_id"])}


def _judged(
    actor: Actor, sent: SentEvent, row: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], ids: Iterator[UUID]
) -> JudgedEvent | CatalogError:
    """The event redacted and judged by the schema that the sender or else the catalog names, and its key.

    A secret key is redacted in the event, and a dry run leaves it so. A dry run must not reveal the digest: with it,
    someone could test guesses without leaving a trace.
    """
    event_id = next(ids)
    if not row["is_allowed"]:
        sentence = f"This token may not send events of the type {sent.event_type}."
        return actor.denied("send", sentence, "sending an event", on=sent.event_type, kind="event_type")
    if not row["is_known"]:
        return NotFound(f"There is no event {sent.event_type} in this catalog.")
    schema = known(row["schema"]) if row["schema"] else None
    redacted = Redacted.of(sent.payload, schema=schema.marks if schema else None, pointers=row["redacted_fields"])
    shown_ref = _shown_ref(sent.schema_ref, redacted, row)
    conflict = None
    if sent.schema_ref and row["payload_schema_ref"] and sent.schema_ref != row["payload_schema_ref"]:
        conflict = {"catalog": row["payload_schema_ref"], "submitted": shown_ref}
    effective = shown_ref or row["payload_schema_ref"]
    status, errors = judge(redacted, schema=schema.checker if schema else None, schema_ref=effective)
    key, is_secret = _key(sent, redacted, row["correlation_paths"])
    return JudgedEvent(
        event_id=event_id,
        created_at=row["created_at"],
        source=redacted.name(sent.source) if sent.source and not sent.is_ours else sent.source,
        facts=EventFacts(sent.event_type, redacted, REDACTED if is_secret else key, effective),
        key=key,
        schema_status=status,
        schema_errors=errors,
        schema_ref_conflict=conflict,
        candidates=candidates,
        has_waits=row["has_waits"],
        has_digests=row["has_digests"],
    )


def _shown_ref(ref: str | None, redacted: Redacted, row: Mapping[str, Any]) -> str | None:
    """The ref that the sender names, as people may see it. One that we know is no copy of what the payload hides."""
    is_known = row["schema"] is not None or ref == row["payload_schema_ref"]
    return ref and (redact_text(ref) if is_known else redacted.name(ref))


def _key(sent: SentEvent, redacted: Redacted, paths: list[str]) -> tuple[str | None, bool]:
    """The key that the sender gave the event, or else that its payload has, and whether it is a secret."""
    if sent.correlation_key:
        return sent.correlation_key, redacted.holds(sent.correlation_key)
    derived = correlation.derive(redacted, paths)
    if derived is None:
        return None, False
    key, is_hidden = derived
    return key, is_hidden or redacted.holds(key)
