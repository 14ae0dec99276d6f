"""The schema registry: JSON Schemas by ref. A ref is immutable; a changed schema is a new version.

`payload.TicketCreated.v2` is version 2 of the family payload.TicketCreated. The system's families belong to the system.
A schema that was written in an event's entry is kept under a ref of that event alone, inline.DEVICE_OFFLINE.v1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor, Permission
from lib.database import Connection, named_queries, patterns
from lib.errors import InvalidInput, SchemaConflict, printable
from lib.sandbox import metaschema
from lib.schemas import JsonSchema
from lib.schemas.outline import SchemaField, outline
from lib.serialization import strict_json

#: Whose a schema is: the system's, the tenant's, or that of one event of the tenant's.
SchemaKind = Literal["system", "tenant", "event"]
SCHEMA_KINDS: tuple[SchemaKind, ...] = get_args(SchemaKind)
PAGE_SIZE = 50
LONGEST_REF = 200

_REF = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)*\.v[1-9][0-9]{0,8}")
_NUMBER = re.compile(r"\.v[0-9]{1,9}$")
_INLINE = "inline."
_MOST_WORDS = 12
_MOST_PATHS = 20

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class RegistryFilters:
    """What the registry is narrowed to: words of a ref, a part of a field's name, a kind. `page` counts from 1."""

    search: str = ""
    field: str = ""
    kind: SchemaKind | None = None
    page: int = 1


@dataclass(frozen=True)
class SchemaFamily:
    """The versions of one schema. `newest` is the newest that matches; `events` and `workflows` use any of them."""

    family: str
    newest: str
    version: int | None
    versions: int
    kind: SchemaKind
    inline_of: str | None
    events: tuple[tuple[str, str], ...] = ()
    workflows: int = 0
    #: Where the newest has fields whose names match what is looked for.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegistryPage:
    """One page of families, and how many match in all."""

    families: list[SchemaFamily]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.total // PAGE_SIZE))


@dataclass(frozen=True)
class SchemaVersion:
    """One schema of a family."""

    schema_ref: str
    version: int | None
    kind: SchemaKind
    inline_of: str | None
    created_at: datetime
    created_by: str | None


@dataclass(frozen=True)
class WorkflowUse:
    """A workflow that takes a schema as its payload, or whose trigger maps from it."""

    schema_ref: str
    workflow_id: UUID
    name: str
    status: str
    role: Literal["payload", "trigger"]


@dataclass(frozen=True)
class SchemaUses:
    """Who uses some schemas: events as (ref, event type, name)."""

    events: tuple[tuple[str, str, str], ...] = ()
    workflows: tuple[WorkflowUse, ...] = ()


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


def register(
    conn: Connection, actor: Actor, *, schemas: Mapping[str, JsonSchema], inline_of: str | None = None
) -> list[str]:
    """Register a tenant's schemas, all or none; the refs that are new. The same schema again changes nothing.

    Schemas of one event (`inline_of`) need manage, all others admin. Raises PermissionDenied, InvalidInput naming the
    ref and what is wrong with it or its schema, SchemaConflict for a ref that has another schema.
    """
    needed: Permission = "admin" if inline_of is None else "manage"
    actor.require(needed, acts.SchemaRegistered, on=next(iter(schemas), None))
    if not schemas:
        return []
    for ref, schema in schemas.items():
        check(ref, schema, inline_of=inline_of)
    known = exact(conn, tenant=actor.tenant, refs=schemas)
    _check_families(conn, [ref for ref in schemas if ref not in known])
    row = {"tenant": actor.tenant, "schemas": strict_json.dumps(dict(schemas)), "inline_of": inline_of}
    fresh = strict_json.dumps({ref: one for ref, one in schemas.items() if ref not in known})
    added = sorted(conn.execute(queries["register"], row | {"schemas": fresh, "user_id": actor.user_id}).scalars())
    changed = conn.execute(queries["differing"], row).scalars().all()
    if changed:
        raise SchemaConflict(_conflict(conn, actor.tenant, changed[0]))
    for ref in added:
        audit.record(conn, actor, acts.SchemaRegistered(target_id=ref, inline_of=inline_of))
    return added


def check(ref: str, schema: JsonSchema, *, inline_of: str | None = None) -> None:
    """Raise InvalidInput for a ref that has no version or is another's, and for what is no JSON Schema."""
    _check_ref(ref, inline_of)
    _check_schema(ref, schema)


def problems(conn: Connection, *, schemas: Mapping[str, JsonSchema]) -> dict[str, str]:
    """Why each of these new schemas cannot be registered, by ref; those without a reason are left out."""
    found = {}
    for ref, schema in schemas.items():
        try:
            check(ref, schema)
            _check_families(conn, [ref])
        except InvalidInput as error:
            found[ref] = error.sentence
    return found


def schema(conn: Connection, *, tenant: UUID, ref: str) -> JsonSchema | None:
    """The schema registered under a ref, the tenant's before the system's; None where there is none."""
    row = {"tenant": tenant, "ref": ref}
    found: JsonSchema | None = conn.execute(queries["schema"], row).scalar_one_or_none()
    return found


def exact(conn: Connection, *, tenant: UUID, refs: Iterable[str]) -> dict[str, JsonSchema]:
    """Schemas by ref, with numbers as they were written; refs that there are not are left out."""
    rows = conn.execute(queries["texts"], {"tenant": tenant, "refs": list(refs)})
    return {row.schema_ref: strict_json.loads(row.schema) for row in rows}


def refs(conn: Connection, *, tenant: UUID) -> list[str]:
    """Every schema ref that this tenant may use, in order."""
    return list(conn.execute(queries["refs"], {"tenant": tenant}).scalars())


def some_refs(conn: Connection, *, tenant: UUID, search: str, most: int, with_inline: bool) -> list[str]:
    """The refs that hold these words, in order, no more than `most`. Raises InvalidInput naming the search."""
    strict_json.check_text(search, field="search")
    row = {"tenant": tenant, "patterns": patterns.holding(_words(search)), "with_inline": with_inline, "most": most}
    return list(conn.execute(queries["some_refs"], row).scalars())


def families(conn: Connection, *, tenant: UUID, filters: RegistryFilters) -> RegistryPage:
    """The families that match, by name; those with just the field that is looked for first.

    A page past the end gives the first one. Raises InvalidInput naming the filter.
    """
    for name, text in (("search", filters.search), ("field", filters.field)):
        strict_json.check_text(text, field=name)
    field = filters.field.strip().lower()[:LONGEST_REF]
    words = _words(filters.search)
    statement = queries["narrowed" if words or field or filters.kind else "in_order"]
    narrowing = {"patterns": patterns.holding(words), "field": field, "kind": filters.kind}
    row = {"tenant": tenant, "size": PAGE_SIZE, **narrowing}
    page = max(filters.page, 1)
    asked = conn.execute(statement, row | {"offset": min((page - 1) * PAGE_SIZE, 10**9)}).all()
    if not asked and page > 1:
        page = 1
        asked = conn.execute(statement, row | {"offset": 0}).all()
    families = _families(conn, tenant, {one.family: one.version for one in asked}, field)
    return RegistryPage(families, asked[0].total if asked else 0, page)


def versions(conn: Connection, *, tenant: UUID, family: str) -> list[SchemaVersion]:
    """Every schema of a family, newest first; empty where there is no such family."""
    if not _is_text(family):
        return []
    rows = conn.execute(queries["versions"], {"tenant": tenant, "family": family})
    return [
        SchemaVersion(
            one.schema_ref, one.version, _kind(one.source, one.inline_of), one.inline_of, one.created_at, one.created_by
        )
        for one in rows
    ]


def uses(conn: Connection, *, tenant: UUID, refs: Iterable[str]) -> SchemaUses:
    """Which events and workflows name one of these schemas."""
    row = {"tenant": tenant, "refs": list(refs)}
    events = tuple((one.schema_ref, one.event_type, one.name) for one in conn.execute(queries["events_with"], row))
    workflows = tuple(WorkflowUse(**one) for one in conn.execute(queries["workflows_with"], row).mappings())
    return SchemaUses(events, workflows)


def family_of(ref: str) -> str:
    """The family of a ref: what comes before its number."""
    return _NUMBER.sub("", ref)


def version_of(ref: str) -> int:
    """The number of a ref in its family; 0 where it has none."""
    found = _NUMBER.search(ref)
    return int(found[0].removeprefix(".v")) if found else 0


def newest(conn: Connection, *, tenant: UUID, families: Iterable[str]) -> dict[str, str]:
    """The ref of the newest schema of each of these families that there is."""
    asked = list(families)
    row = {"tenant": tenant, "families": asked, "versions": [None] * len(asked)}
    return {one.family: one.newest for one in conn.execute(queries["newest"], row)}


def next_ref(family: str, known: Iterable[SchemaVersion]) -> str:
    """The ref of the next version of a family."""
    return f"{family}.v{max((one.version or 0 for one in known), default=0) + 1}"


def field_paths(schema: JsonSchema, field: str) -> list[str]:
    """Where a schema has fields with this text in their names, those of just this name first."""
    sought = field.lower()
    waiting, found = list[SchemaField](outline(schema)), list[SchemaField]()
    for one in waiting:
        waiting.extend(one.children)
        if sought in one.name.lower():
            found.append(one)
    return [one.path for one in sorted(found, key=lambda one: one.name.lower() != sought)][:_MOST_PATHS]


def _families(conn: Connection, tenant: UUID, asked: Mapping[str, int | None], field: str) -> list[SchemaFamily]:
    """These families, each with its newest schema or with that of the version that is asked for."""
    row = {"tenant": tenant, "families": list(asked), "versions": list(asked.values())}
    by_family = {one.family: one for one in conn.execute(queries["newest"], row)}
    found = [by_family[family] for family in asked if family in by_family]
    newest = [one.newest for one in found]
    used = uses(conn, tenant=tenant, refs=newest)
    schemas = exact(conn, tenant=tenant, refs=newest) if field else {}
    return [
        SchemaFamily(
            family=one.family,
            newest=one.newest,
            version=one.version,
            versions=one.versions,
            kind=_kind(one.source, one.inline_of),
            inline_of=one.inline_of,
            events=tuple((event_type, name) for ref, event_type, name in used.events if ref == one.newest),
            workflows=len({use.workflow_id for use in used.workflows if use.schema_ref == one.newest}),
            fields=tuple(field_paths(schemas[one.newest], field)) if one.newest in schemas else (),
        )
        for one in found
    ]


def _words(search: str) -> list[str]:
    return search.lower()[:LONGEST_REF].split()[:_MOST_WORDS]


def _kind(source: Literal["system", "tenant"], inline_of: str | None) -> SchemaKind:
    return source if inline_of is None else "event"


def _check_ref(ref: str, inline_of: str | None) -> None:
    if not _is_text(ref) or len(ref) > LONGEST_REF or not _REF.fullmatch(ref):
        shown = printable(ref[:60]) or "it"
        raise InvalidInput(
            "schema ref",
            f"{shown} must be names joined by dots and end in a version, as acme.DeviceOffline.v1 does, with at most "
            f"{LONGEST_REF} characters; names begin with a letter",
        )
    of_event = ref.startswith(_INLINE)
    if inline_of is None and of_event:
        raise InvalidInput("schema ref", f"{ref} would belong to one event; define the schema in that event")
    if inline_of is not None and family_of(ref) != f"{_INLINE}{inline_of}":
        raise InvalidInput("schema ref", f"{ref} must be {_INLINE}{inline_of} with a version")


def _check_schema(ref: str, schema: JsonSchema) -> None:
    """Refuse what is no JSON Schema, or cannot be stored."""
    if not isinstance(schema, dict):
        raise InvalidInput(f"schema {ref}", "must be an object")
    strict_json.check(schema, field=f"schema {ref}")
    for _, sentence in metaschema.schema_problems(schema):
        cause = f"is not a JSON Schema at {sentence}" if sentence.startswith("/") else sentence
        raise InvalidInput(f"schema {ref}", cause)


def _check_families(conn: Connection, fresh: Iterable[str]) -> None:
    """Leave the system's families to the system."""
    by_family = {family_of(ref): ref for ref in fresh}
    for family in sorted(conn.execute(queries["of_system"], {"families": list(by_family)}).scalars()):
        raise InvalidInput(
            "schema ref",
            f"{by_family[family]} is of the system's family {family}, which only releases add to; register the schema "
            "under a name of your own",
        )


def _conflict(conn: Connection, tenant: UUID, ref: str) -> str:
    family = family_of(ref)
    free = next_ref(family, versions(conn, tenant=tenant, family=family))
    return f"{ref} is registered with another schema, and a ref never changes. Register this one as {free}."


def _is_text(text: str) -> bool:
    try:
        strict_json.check_text(text, field="text")
    except InvalidInput:
        return False
    return True
