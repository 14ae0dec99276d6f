"""What was done to the catalog, its schemas and its redacted fields."""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import Act
from lib.serialization.strict_json import JsonValue


@dataclass(frozen=True, kw_only=True)
class RedactedFieldsChanged(
    Act,
    action="redacted_fields.changed",
    target="event_type",
    sentence="changed which fields of {target_id} are redacted",
    before=("before",),
    after=("after",),
):
    """Other fields of an event type, or with * of every one, are redacted from now on."""

    before: list[str]
    after: list[str]


@dataclass(frozen=True, kw_only=True)
class UnknownTypeDismissed(
    Act,
    action="event_type.dismissed",
    target="event_type",
    sentence="dismissed {target_id}, of which {events:event} had been refused",
):
    """A type that is not in the catalog is no longer offered to be defined."""

    events: int


@dataclass(frozen=True, kw_only=True)
class UnknownTypeBroughtBack(
    Act,
    action="event_type.brought_back",
    target="event_type",
    sentence="listed {target_id} again as a type to be defined",
):
    """A dismissed type is offered to be defined again."""


@dataclass(frozen=True, kw_only=True)
class SchemaRegistered(
    Act,
    action="schema.registered",
    target="schema",
    sentence="registered the schema {target_id}",
):
    """The registry got a schema under a new ref, perhaps one that belongs to a single event."""

    inline_of: str | None


@dataclass(frozen=True, kw_only=True)
class CatalogImported(
    Act,
    action="catalog.imported",
    target="catalog",
    sentence="imported {target_id}: {new:new event}, {changed:changed one}, {registered:schema}",
    after=("new", "changed", "registered"),
):
    """Events and schemas of a document were taken over, in one transaction; each has a line of its own."""

    new: int
    changed: int
    registered: int


@dataclass(frozen=True, kw_only=True)
class EntryDefined(
    Act,
    action="event_type.defined",
    target="event_type",
    sentence="defined the event {target_id}",
    after=("after",),
):
    """The tenant's catalog got an entry of its own, perhaps in place of one of the system's. Examples are left out."""

    after: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class EntryChanged(
    Act,
    action="event_type.changed",
    target="event_type",
    sentence="changed the event {target_id}",
    before=("before",),
    after=("after",),
):
    """An entry of the tenant's own says something else; what of it did, without examples."""

    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class EntryStatusChanged(
    Act,
    action="event_type.status_changed",
    target="event_type",
    sentence="changed the status of the event {target_id} from {previous_status} to {status}",
    before=("previous_status",),
    after=("status",),
):
    """An entry of the tenant's own has another status, such as deprecated, because it could not be deleted."""

    previous_status: str
    status: str


@dataclass(frozen=True, kw_only=True)
class EntryDeleted(
    Act,
    action="event_type.deleted",
    target="event_type",
    sentence="deleted the event {target_id}",
    before=("before",),
):
    """An entry of the tenant's own was taken away. What the system has of that type is seen again."""

    before: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class EntryRestored(
    Act,
    action="event_type.restored",
    target="event_type",
    sentence="restored the event {target_id}",
    after=("after",),
):
    """A deleted entry is back."""

    after: dict[str, JsonValue]
