"""Every act that the audit trail keeps, declared here and nowhere else.

Details hold no payloads. docs/acts.md lists all acts; lib/auth/act.py says what one is.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import ACTS as ACTS
from lib.auth.act import Act as Act
from lib.auth.act import told as told
from lib.serialization.strict_json import JsonValue


@dataclass(frozen=True, kw_only=True)
class ActRefused(
    Act,
    action="act.refused",
    target="act",
    sentence="was refused {tried} (needs {permission})",
):
    """Someone tried what their permission does not reach; nothing was changed. The object is what it was tried on."""

    tried: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class ExportStarted(
    Act,
    action="export.started",
    target="export",
    sentence="exported {target_id} as {form}, {narrowed}",
):
    """A file was fetched: what it has rows of, its format, and the filters, without searched values."""

    form: str
    narrowed: str


@dataclass(frozen=True, kw_only=True)
class EventSimulated(Act, action="event.simulated", target="event", sentence="simulated {event_type}"):
    """An event was sent by hand; the runs it started and resumed."""

    event_type: str
    status: str
    started: list[str]
    resumed: list[str]


@dataclass(frozen=True, kw_only=True)
class PayloadRevealed(
    Act,
    action="event.payload_revealed",
    target="event",
    sentence="looked at the raw payload of event {target_id}: {reason}",
):
    """The payload was shown without redaction, for this reason."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseSaved(
    Act,
    action="test_case.saved",
    target="test_case",
    sentence="saved the test case {name} of {event_type}",
    after=("name",),
):
    """A payload was kept as a test case, perhaps in place of one of that name."""

    event_type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CaseDeleted(
    Act,
    action="test_case.deleted",
    target="test_case",
    sentence="deleted the test case {name} of {event_type}",
    before=("name",),
):
    """A test case was deleted."""

    event_type: str
    name: str


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
    sentence="dismissed {target_id}, of which {events} events had been refused",
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
    sentence="imported {target_id}: {new} new events, {changed} changed ones, {registered} schemas",
    after=("new", "changed", "registered"),
):
    """Events and schemas of a document were taken over, in one transaction; each has a line of its own."""

    new: int
    changed: int
    registered: int


@dataclass(frozen=True, kw_only=True)
class TokenCreated(
    Act,
    action="api_token.created",
    target="api_token",
    sentence="created the API token {name} with {permission} permission",
    after=("name", "permission", "send_only", "event_types", "expires_at"),
):
    """A token for the HTTP API was made."""

    name: str
    permission: str
    send_only: bool
    event_types: list[str] | None
    expires_at: str | None


@dataclass(frozen=True, kw_only=True)
class TokenChanged(
    Act,
    action="api_token.changed",
    target="api_token",
    sentence="changed what the API token {name} may do",
    before=("before",),
    after=("after",),
):
    """A token for the HTTP API got other terms."""

    name: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class TokenRotated(
    Act,
    action="api_token.rotated",
    target="api_token",
    sentence="put a new API token in the place of {name}, which ends at {expires_at}",
    before=("previous_expires_at",),
    after=("expires_at",),
):
    """A token for the HTTP API got a successor on the same terms, and ends after an overlap."""

    name: str
    previous_expires_at: str | None
    expires_at: str
    new_token: str
    new_expires_at: str | None


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(
    Act,
    action="api_token.revoked",
    target="api_token",
    sentence="revoked the API token {name}",
    before=("name", "permission"),
):
    """A token for the HTTP API was ended."""

    name: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class MemberAdded(
    Act,
    action="member.added",
    target="member",
    sentence="added {email} with {permission} permission",
    after=("email", "permission"),
):
    """A person was let into the tenant, perhaps before they first signed in."""

    email: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class MemberChanged(
    Act,
    action="member.changed",
    target="member",
    sentence="gave {email} {permission} permission",
    before=("previous_permission",),
    after=("permission",),
):
    """A person got another permission."""

    email: str
    previous_permission: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(
    Act,
    action="member.removed",
    target="member",
    sentence="removed {email} from the tenant",
    before=("email", "permission"),
):
    """A person was taken out of the tenant; the API tokens of theirs which ended with that."""

    email: str
    permission: str
    ended_tokens: list[str]


@dataclass(frozen=True, kw_only=True)
class SessionStarted(
    Act,
    action="session.started",
    target="session",
    sentence="signed in from {address} with {browser}",
    after=("address", "browser"),
):
    """A person came into this tenant with a sign-in."""

    address: str
    browser: str


@dataclass(frozen=True, kw_only=True)
class SessionEnded(
    Act, action="session.ended", target="session", sentence="ended a session of {email}", before=("email",)
):
    """A session was ended, somebody else's or by signing out."""

    email: str


@dataclass(frozen=True, kw_only=True)
class RunCanceled(
    Act,
    action="run.canceled",
    target="run",
    sentence="canceled run {target_id}",
    before=("previous_status",),
):
    """An unfinished run was ended."""

    previous_status: str


@dataclass(frozen=True, kw_only=True)
class RunRetried(
    Act, action="run.retried", target="run", sentence="ran {target_id} again, as run {new_run}", after=("new_run",)
):
    """A failed run was repeated as a new one."""

    new_run: str


@dataclass(frozen=True, kw_only=True)
class WorkflowCreated(
    Act,
    action="workflow.created",
    target="workflow",
    sentence="created {name} for {event_type}",
    after=("event_type", "name"),
):
    """A draft was made which an event is to start."""

    event_type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class AttachDrafted(
    Act,
    action="workflow.attach_drafted",
    target="workflow",
    sentence="made {event_type} the trigger in the draft of {name}",
    before=("previous_event_type",),
    after=("event_type", "draft_version"),
):
    """The draft got another trigger; nothing is published yet."""

    name: str
    previous_event_type: str | None
    event_type: str
    draft_version: int


@dataclass(frozen=True, kw_only=True)
class DraftSaved(
    Act,
    action="workflow.draft_saved",
    target="workflow",
    sentence="changed the draft of {name}",
    after=("draft_version",),
):
    """The draft was replaced."""

    name: str
    draft_version: int


@dataclass(frozen=True, kw_only=True)
class WorkflowPaused(Act, action="workflow.paused", target="workflow", sentence="paused {name}"):
    """The workflow starts no runs from now on."""

    name: str


@dataclass(frozen=True, kw_only=True)
class WorkflowResumed(Act, action="workflow.resumed", target="workflow", sentence="resumed {name}"):
    """The workflow starts runs again."""

    name: str


@dataclass(frozen=True, kw_only=True)
class WorkflowArchived(Act, action="workflow.archived", target="workflow", sentence="archived {name}"):
    """The workflow was taken out of use."""

    name: str


@dataclass(frozen=True, kw_only=True)
class WorkflowRestored(Act, action="workflow.restored", target="workflow", sentence="restored {name}"):
    """An archived workflow is as it was before."""

    name: str


@dataclass(frozen=True, kw_only=True)
class BackfillStarted(
    Act,
    action="workflow.backfill_started",
    target="workflow",
    sentence="began to replay {events} events of {event_type} to {name}",
):
    """Earlier events are replayed to the workflow."""

    name: str
    event_type: str
    events: int


@dataclass(frozen=True, kw_only=True)
class BackfillCanceled(
    Act,
    action="workflow.backfill_canceled",
    target="workflow",
    sentence="ended the replay of events to {name}, because {reason}",
):
    """The replay of earlier events was ended."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class WorkflowPublished(
    Act,
    action="workflow.published",
    target="workflow",
    sentence="published version {version} of {name}",
    before=("previous_version",),
    after=("version", "note"),
):
    """The draft became the next version. Of the latest real events, so many would start it."""

    name: str
    previous_version: int | None
    version: int
    note: str
    events_checked: int
    events_starting: int
    published_anyway: bool


@dataclass(frozen=True, kw_only=True)
class WorkflowRolledBack(
    Act,
    action="workflow.rolled_back",
    target="workflow",
    sentence="published version {to_version} of {name} again, as version {version}",
    before=("previous_version",),
    after=("version", "to_version"),
):
    """An earlier version became the next one, tried with the latest real events as well."""

    name: str
    previous_version: int | None
    version: int
    to_version: int
    events_checked: int
    events_starting: int
    published_anyway: bool


@dataclass(frozen=True, kw_only=True)
class WorkflowDetached(
    Act,
    action="workflow.detached",
    target="workflow",
    sentence="detached {name} from {event_type}",
    before=("event_type", "previous_version"),
    after=("version",),
):
    """A version without the trigger was published."""

    name: str
    event_type: str
    previous_version: int | None
    version: int


@dataclass(frozen=True, kw_only=True)
class WorkflowReattached(
    Act,
    action="workflow.reattached",
    target="workflow",
    sentence="attached {name} to {event_type} again",
    before=("previous_version",),
    after=("event_type", "version"),
):
    """The trigger which a detach took away was published once more."""

    name: str
    event_type: str
    previous_version: int | None
    version: int


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
