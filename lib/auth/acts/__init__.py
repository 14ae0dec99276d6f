"""Every act that the audit trail keeps, declared in this package and nowhere else.

Details hold no payloads. docs/acts.md lists all acts; lib/auth/act.py says what one is.
"""

from __future__ import annotations

from lib.auth.act import ACTS as ACTS
from lib.auth.act import Act as Act
from lib.auth.act import act_word as act_word
from lib.auth.act import kind_word as kind_word
from lib.auth.act import sentence as sentence
from lib.auth.acts.catalog import CatalogImported as CatalogImported
from lib.auth.acts.catalog import EntryChanged as EntryChanged
from lib.auth.acts.catalog import EntryDefined as EntryDefined
from lib.auth.acts.catalog import EntryDeleted as EntryDeleted
from lib.auth.acts.catalog import EntryRestored as EntryRestored
from lib.auth.acts.catalog import EntryStatusChanged as EntryStatusChanged
from lib.auth.acts.catalog import RedactedFieldsChanged as RedactedFieldsChanged
from lib.auth.acts.catalog import SchemaRegistered as SchemaRegistered
from lib.auth.acts.catalog import UnknownTypeBroughtBack as UnknownTypeBroughtBack
from lib.auth.acts.catalog import UnknownTypeDismissed as UnknownTypeDismissed
from lib.auth.acts.events import CaseDeleted as CaseDeleted
from lib.auth.acts.events import CaseSaved as CaseSaved
from lib.auth.acts.events import EventSimulated as EventSimulated
from lib.auth.acts.events import EventStartedAgain as EventStartedAgain
from lib.auth.acts.events import PayloadRevealed as PayloadRevealed
from lib.auth.acts.people import ActRefused as ActRefused
from lib.auth.acts.people import ExportStarted as ExportStarted
from lib.auth.acts.people import MemberAdded as MemberAdded
from lib.auth.acts.people import MemberChanged as MemberChanged
from lib.auth.acts.people import MemberRemoved as MemberRemoved
from lib.auth.acts.people import SessionEnded as SessionEnded
from lib.auth.acts.people import SessionStarted as SessionStarted
from lib.auth.acts.people import TenantAdded as TenantAdded
from lib.auth.acts.people import TokenChanged as TokenChanged
from lib.auth.acts.people import TokenCreated as TokenCreated
from lib.auth.acts.people import TokenRevoked as TokenRevoked
from lib.auth.acts.people import TokenRotated as TokenRotated
from lib.auth.acts.views import ViewChanged as ViewChanged
from lib.auth.acts.views import ViewDeleted as ViewDeleted
from lib.auth.acts.views import ViewShared as ViewShared
from lib.auth.acts.views import ViewWithdrawn as ViewWithdrawn
from lib.auth.acts.workflows import AttachDrafted as AttachDrafted
from lib.auth.acts.workflows import BackfillCanceled as BackfillCanceled
from lib.auth.acts.workflows import BackfillStarted as BackfillStarted
from lib.auth.acts.workflows import DraftDeleted as DraftDeleted
from lib.auth.acts.workflows import DraftSaved as DraftSaved
from lib.auth.acts.workflows import RunCanceled as RunCanceled
from lib.auth.acts.workflows import RunRetried as RunRetried
from lib.auth.acts.workflows import WorkflowArchived as WorkflowArchived
from lib.auth.acts.workflows import WorkflowCreated as WorkflowCreated
from lib.auth.acts.workflows import WorkflowDetached as WorkflowDetached
from lib.auth.acts.workflows import WorkflowDuplicated as WorkflowDuplicated
from lib.auth.acts.workflows import WorkflowPaused as WorkflowPaused
from lib.auth.acts.workflows import WorkflowPublished as WorkflowPublished
from lib.auth.acts.workflows import WorkflowReattached as WorkflowReattached
from lib.auth.acts.workflows import WorkflowRestored as WorkflowRestored
from lib.auth.acts.workflows import WorkflowResumed as WorkflowResumed
from lib.auth.acts.workflows import WorkflowRolledBack as WorkflowRolledBack
