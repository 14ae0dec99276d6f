"""The audit trail: who did what to what, written in the transaction of the deed itself."""

from __future__ import annotations

from lib.auth.actors import Actor
from lib.auth.acts import Act
from lib.database import Connection, named_queries
from lib.serialization import strict_json

queries = named_queries.of(__name__)


def record(conn: Connection, actor: Actor, act: Act) -> None:
    """Write one line: this person did this."""
    row = {
        "tenant": actor.tenant,
        "user_id": actor.user_id,
        "email": actor.email,
        "action": act.action,
        "target_type": act.target_type,
        "target_id": str(act.target_id),
        "detail": strict_json.dumps(act.detail()),
        "origin": actor.origin,
        "address": actor.address,
    }
    conn.execute(queries["record"], row)
