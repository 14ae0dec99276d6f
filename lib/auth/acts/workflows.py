"""What was done to workflows and their runs."""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import Act


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
class WorkflowDuplicated(
    Act,
    action="workflow.duplicated",
    target="workflow",
    sentence="made {name} as a copy of {original_name}",
    after=("name",),
):
    """A draft was made which says what another workflow's draft says."""

    name: str
    original: str
    original_name: str


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
class DraftDeleted(
    Act,
    action="workflow.draft_deleted",
    target="workflow",
    sentence="deleted the draft of {name}",
    before=("draft_version",),
):
    """The draft says again what is published."""

    name: str
    draft_version: int
    version: int


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
    sentence="began to replay {events:event} of {event_type} to {name}",
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
