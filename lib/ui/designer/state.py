"""The draft as one person is editing it: saved after every change, never over another person's.

What is drawn lives in the session together with the draft version it came from. When someone else saved
meanwhile, both are kept until the person has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.errors import Conflict, InvalidInput, PermissionDenied
from lib.ui.components import guard
from lib.ui.components.text import code
from lib.workflows import changes as workflow_changes
from lib.workflows import definition_text, editing
from lib.workflows import records as workflow_records
from lib.workflows.definition_text import Language
from lib.workflows.editing import Definition, Place
from lib.workflows.records import Workflow

#: Key of the control that says which of the designer's tabs is open. The URL says it too, and decides.
TAB = "designer-tab"
TAB_PARAMETER = "tab"
_OPEN = "designer-open"
#: What comes before what would end a draft that someone else changed too.
THEIRS_FIRST = "Someone else changed the draft: look at their changes first."


def tab() -> str | None:
    """The tab that the URL asks for."""
    asked: str | None = st.query_params.get(TAB_PARAMETER)
    return asked.capitalize() if asked else None


def show_tab(name: str) -> None:
    """Callback: open that tab."""
    st.query_params[TAB_PARAMETER] = name.lower()


def keep_tab() -> None:
    """Callback: put the tab that was just chosen into the URL."""
    show_tab(st.session_state[TAB])


@dataclass(frozen=True)
class Unread:
    """What was typed into the form of a step and is not in the draft, as it cannot be read: in which fields."""

    step_id: str
    fields: tuple[str, ...]

    @property
    def where(self) -> str:
        """The step and its fields, as Markdown."""
        return f"step {code(self.step_id)} at {', '.join(map(code, self.fields))}"


@dataclass
class Draft:
    """The draft in this session: `definition` as drawn, made from `draft_version`; `workflow` as in the database.

    `theirs` is what someone else saved when `definition` could not be.
    """

    actor: Actor
    workflow: Workflow
    definition: Definition
    draft_version: int
    theirs: Workflow | None = None
    is_saved: bool = True
    selected: Place | None = None
    #: Part of every widget's key: another number draws them anew, from the definition.
    generation: int = 0
    initials: dict[str, Any] = field(default_factory=dict)
    #: Text typed under Code that differs from what the definition says, by language.
    unapplied: dict[Language, str] = field(default_factory=dict)
    #: Text typed there that was not accepted, and why.
    refused: dict[Language, tuple[str, str]] = field(default_factory=dict)
    #: What the forms of steps could not read, by the key of the form.
    unread: dict[str, Unread] = field(default_factory=dict)
    #: Triggers and mappings that another choice took out of the definition, by event type, for the way back.
    former_triggers: dict[str, dict[str, Any]] = field(default_factory=dict)
    former_mappings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_behind(self) -> bool:
        """Whether someone else saved since this was loaded, and this person has not tried to."""
        return self.theirs is None and self.workflow.draft_version != self.draft_version

    def key(self, name: str) -> str:
        """A widget's key that lasts until the draft changes other than by that widget."""
        return f"design-{self.workflow.workflow_id}-{self.generation}-{name}"

    def initial(self, name: str, value: Any) -> Any:
        """What a form of this name started from."""
        return self.initials.setdefault(self.key(name), value)

    def save(self, definition: Definition, *, redraw: bool = False) -> None:
        """Make this the draft, in the database too. `redraw` when more changed than a widget shows already.

        Meant for callbacks: they run even when the click that sent an edit also leaves the tab it was made in.
        Raises what `workflows.save_draft` does but Conflict; a draft that is refused is not taken.
        """
        if definition_text.same(definition, self.definition):
            return
        before = self.definition, self.is_saved, self.generation, self.initials
        self.definition, self.is_saved = definition, False
        if redraw:  # before it is written: it is the draft also while the database does not answer
            self.redraw()
        try:
            self.write()
        except (InvalidInput, PermissionDenied):
            self.definition, self.is_saved, self.generation, self.initials = before
            raise

    def write(self) -> None:
        """Save what is not saved yet, such as an edit during which the database did not answer."""
        if not self.is_saved and self.theirs is None:
            self._write(self.draft_version)

    def keep_mine(self) -> None:
        """Callback: after a conflict, save this person's draft over the other's, which they have seen."""
        theirs, self.theirs = self.theirs, None
        if theirs:
            self._write(theirs.draft_version)

    def reload(self) -> None:
        """Callback: go on from what is in the database, such as another person's changes."""
        self.workflow = self._stored()
        self.definition, self.draft_version, self.theirs = self.workflow.draft, self.workflow.draft_version, None
        self.is_saved = True
        if self.selected and editing.step_at(self.definition, self.selected) is None:
            self.selected = None
        self.redraw()

    def show_changes(self) -> None:
        """Callback: the same, unless the click that asked for it also sent an edit, which then waits to be chosen, or
        one still waits to be written."""
        if self.theirs is None and self.is_saved:
            self.reload()

    @property
    def unapplied_reason(self) -> str | None:
        """What is to be done about text under Code before this can be published; None when there is none."""
        if not self.unapplied:
            return None
        return f"The {' and '.join(sorted(self.unapplied)).upper()} under Code is not applied yet."

    @property
    def unread_reason(self) -> str | None:
        """The same about what was typed into the forms of steps, as Markdown."""
        if not self.unread:
            return None
        return f"What is typed in {' and '.join(one.where for one in self.unread.values())} is not taken yet."

    def redraw(self) -> None:
        """Draw every widget anew from the definition."""
        self.generation += 1
        self.initials = {}

    def _write(self, expected: int) -> None:
        try:
            with database.write(self.actor) as conn:
                self.draft_version = workflow_changes.save_draft(
                    conn,
                    self.actor,
                    workflow_id=self.workflow.workflow_id,
                    definition=self.definition,
                    expected_draft_version=expected,
                )
        except Conflict:  # the one error that is not for the guard: both drafts are to be shown
            self.theirs = self._stored()
            if self.theirs.status == "archived":
                raise
            return
        self.is_saved, self.workflow = True, self._stored()

    def _stored(self) -> Workflow:
        with database.read(self.actor) as conn:
            return workflow_records.get(conn, tenant=self.actor.tenant, workflow_id=self.workflow.workflow_id)


def reload_next() -> None:
    """Begin with the stored draft again when the designer is drawn next, as this person just changed it elsewhere."""
    st.session_state.pop(_OPEN, None)


def load(actor: Actor, workflow_id: UUID) -> Draft:
    """This session's draft of the workflow; who comes to the designer begins with the stored one. Raises NotFound.

    Where it differs from what this session still has that is not saved, both stay, and the page says so.
    """
    with guard.one_at_a_time():  # a save that is under way is not another person's
        return _load(actor, workflow_id)


def _load(actor: Actor, workflow_id: UUID) -> Draft:
    with database.read(actor) as conn:
        workflow = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow_id)
    key = f"draft-{actor.user_id}-{workflow_id}"
    draft: Draft | None = st.session_state.get(key)
    if draft is None:
        draft = st.session_state[key] = Draft(actor, workflow, workflow.draft, workflow.draft_version)
    draft.actor, draft.workflow = actor, workflow
    # Streamlit forgets a control that the run before did not draw. While the designer stays open its own runs must
    # not reload: one of them brings the edit that is then found to be in conflict.
    arrived = TAB not in st.session_state or st.session_state.get(_OPEN) != key
    st.session_state[_OPEN] = key
    if arrived and draft.is_behind and draft.is_saved and not draft.unapplied and not draft.unread:
        draft.reload()
    return draft
