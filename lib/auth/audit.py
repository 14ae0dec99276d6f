"""The audit trail: who did what to what, written in the transaction of the deed itself."""

from __future__ import annotations

from collections.abc import Mapping

from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

queries = named_queries.of(__name__)


def record(
    conn: Connection,
    actor: Actor,
    *,
    action: str,
    target_type: str,
    target_id: str,
    detail: Mapping[str, JsonValue] | None = None,
) -> None:
    """Write one line. `action` is named as noun.verb ("event.simulated"); `detail` must hold no payloads."""
    row = {
        "tenant": actor.tenant,
        "user_id": actor.user_id,
        "email": actor.email,
        "action": action,
        "target_type": target_type,
        "target_id": target_id,
        "detail": strict_json.dumps(dict(detail or {})),
    }
    conn.execute(queries["record"], row)
