"""Puts events and schemas of a tenant's own into its catalog, past what a person may define."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from lib.database import Database


def add_entry(
    db: Database,
    tenant: UUID,
    event_type: str,
    *,
    name: str = "Own",
    status: str = "active",
    ref: str | None = None,
    schema: Any = None,
    paths: Sequence[str] = (),
    owner: str | None = None,
    tags: Sequence[str] = (),
) -> None:
    """A catalog entry whose schema is named by `ref`, lies in the entry itself, or is missing; with these
    correlation paths, this owner and these tags."""
    own = None if schema is None else json.dumps(schema)
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO event_catalog (tenant, event_type, name, description, category, status,"
                " payload_schema_ref, payload_schema, correlation_paths, owner, tags)"
                " VALUES (:t, :e, :n, '', 'Own', :st, :r, CAST(:s AS json), :p, :o, :g)"
            ),
            {
                "t": tenant,
                "e": event_type,
                "n": name,
                "st": status,
                "r": ref,
                "s": own,
                "p": list(paths),
                "o": owner,
                "g": list(tags),
            },
        )


def add_schema(db: Database, tenant: UUID, ref: str, schema: Any) -> None:
    """A schema in the tenant's registry."""
    with db.owner.begin() as conn:
        conn.execute(
            text("INSERT INTO payload_schemas (tenant, schema_ref, schema) VALUES (:t, :r, CAST(:s AS json))"),
            {"t": tenant, "r": ref, "s": json.dumps(schema)},
        )
