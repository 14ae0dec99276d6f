"""The audit trail: who did what to what, written in the transaction of the deed itself."""

from __future__ import annotations

from collections.abc import Mapping

from lib import payloads, sql
from lib.auth import Actor
from lib.database import Connection
from lib.payloads import JsonValue

queries = sql.load("audit")


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
        "detail": payloads.dumps(dict(detail or {})),
    }
    conn.execute(queries["record"], row)
