"""Source and id name an event: whoever takes them first has them, and the same again is told what became of it.

A source or id that is a secret is kept as its digest (docs/decisions/0043). What is a secret changes with the rules of
redaction, so an earlier submission may have the same name in another spelling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from lib.database import Connection, driver, named_queries
from lib.errors import CatalogError, Conflict, NotFound
from lib.events import submission
from lib.events.judging import JudgedEvent, SentEvent
from lib.events.submission import Claim, Submission
from lib.serialization import strict_json

queries = named_queries.of(__name__)


def of_event(conn: Connection, sent: SentEvent, event: JudgedEvent) -> Claim | None:
    """What is to be taken for an event, so that it is taken once."""
    if sent.submission_id is None:
        return None
    content = {
        "type": sent.event_type,
        "payload": sent.payload,
        "key": sent.correlation_key,
        "ref": sent.schema_ref,
    }
    name = sent.source or "", sent.submission_id
    source, submission_id = (
        text if sent.is_ours or not event.facts.redacted.holds(text) else digest(conn, text) for text in name
    )
    return Claim(
        source,
        submission_id,
        hashlib.sha256(strict_json.canonical(content, is_read=sent.is_read)).digest(),
        sent_as=name if event.has_digests or (source, submission_id) != name else None,
    )


def digest(conn: Connection, secret: str) -> str:
    """What is kept in the place of a key or an id that is a secret (docs/decisions/0043)."""
    return str(conn.execute(queries["digest"], {"key": secret}).scalar_one())


def take(conn: Connection, claims: Mapping[UUID, Claim], *, tenant: UUID) -> set[UUID]:
    """Take claims for events, by their ids; the ids of those that got theirs."""
    keys = {
        "tenant": tenant,
        "sources": [claim.source for claim in claims.values()],
        "submission_ids": [claim.submission_id for claim in claims.values()],
        "sent_sources": [claim.sent_as and claim.sent_as[0] for claim in claims.values()],
        "sent_ids": [claim.sent_as and claim.sent_as[1] for claim in claims.values()],
        "event_ids": list(claims),
        "content_hashes": [claim.content_hash for claim in claims.values()],
    }
    return {row["event_id"] for row in driver.rows(conn, queries["take"], keys)}


def earlier(conn: Connection, claim: Claim, *, tenant: UUID) -> Submission | CatalogError:
    """What became of the event that took the same before, or why this one is refused: its content is another."""
    source, submission_id = claim.sent_as or (claim.source, claim.submission_id)
    name = {"source": source, "submission_id": submission_id, "content_hash": claim.content_hash}
    found = conn.execute(queries["earlier"], {"tenant": tenant, **name}).one()
    if bytes(found.content_hash) != claim.content_hash:
        used = f"id: {claim.submission_id} of this source was already used for another event"
        return Conflict(f"{used} ({found.event_id}).")
    try:
        became = submission.get_submission(conn, tenant=tenant, event_id=found.event_id)
    except NotFound:  # it was dropped with its month, and what it is called is forgotten within the minute
        return CatalogError("This event is just being dropped, as it is old enough. Send it again in a minute.")
    return replace(became, duplicate=True)
