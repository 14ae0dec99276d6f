"""What a person prefers in a tenant, remembered between visits."""

from __future__ import annotations

import json
from typing import Any

from lib.auth.actors import Actor
from lib.database import Connection, named_queries

#: How a person last saw the event catalog: as a grid or as a list.
CATALOG_VIEW = "catalog.view"

queries = named_queries.of(__name__)


def get(conn: Connection, actor: Actor, *, name: str, default: Any = None) -> Any:
    """The remembered value, or the default."""
    parameters = {"tenant": actor.tenant, "user_id": actor.user_id, "name": name}
    row = conn.execute(queries["get"], parameters).one_or_none()
    return row.value if row else default


def put(conn: Connection, actor: Actor, *, name: str, value: Any) -> None:
    """Remember a JSON value."""
    parameters = {"tenant": actor.tenant, "user_id": actor.user_id, "name": name, "value": json.dumps(value)}
    conn.execute(queries["put"], parameters)
