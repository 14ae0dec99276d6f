"""The schema registry: JSON Schemas by ref. A ref is immutable; a changed schema is a new version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from lib.database import Connection, named_queries
from lib.errors import SchemaConflict
from lib.schemas import JsonSchema

queries = named_queries.of(__name__)


def register_system(conn: Connection, *, schemas: Mapping[str, JsonSchema]) -> None:
    """Register system schemas by ref; doing it again changes nothing.

    Raises SchemaConflict naming each ref whose registered schema differs: bump its version.
    """
    conn.execute(queries["register_system"], {"schemas": json.dumps(schemas)})
    changed = conn.execute(queries["differing_system"], {"schemas": json.dumps(schemas)}).scalars().all()
    if changed:
        raise SchemaConflict(
            f"The schema of {', '.join(changed)} changed under an existing ref; register it as a new version."
        )


def schema(conn: Connection, *, tenant: UUID, ref: str) -> JsonSchema | None:
    """The schema registered under a ref, the tenant's before the system's; None where there is none."""
    row = {"tenant": tenant, "ref": ref}
    found: JsonSchema | None = conn.execute(queries["schema"], row).scalar_one_or_none()
    return found


def refs(conn: Connection, *, tenant: UUID) -> list[str]:
    """Every schema ref that this tenant may use, in order."""
    return list(conn.execute(queries["refs"], {"tenant": tenant}).scalars())
