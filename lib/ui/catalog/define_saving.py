"""Saving a definition: first what it changes for whom, and nothing over another person's change."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import definition_drafts, own_entries
from lib.catalog.definitions import DefinitionProblem, EntryDefinition
from lib.catalog.own_entries import OwnEntry
from lib.errors import Conflict
from lib.schemas import compatibility
from lib.schemas.compatibility import READINGS
from lib.ui.catalog import define_start, own_event_effects, registry_comparison
from lib.ui.catalog.define_start import DefinitionStart
from lib.ui.components import dialogs, guard, links
from lib.ui.components.presses import Press
from lib.ui.components.text import escape
from lib.ui.workflows import real_events
from lib.workflows import own_events
from lib.workflows.own_events import Effects

#: The key of the session under which it stands that another person was first, and what they saved.
_CONFLICT = "conflict"


def draw(actor: Actor, start: DefinitionStart, definition: EntryDefinition, problems: list[DefinitionProblem]) -> None:
    """Draw the buttons, and what became of the last attempt."""
    if refused := st.session_state.get(start.key(_CONFLICT)):
        _draw_conflict(actor, start, *refused)
    with st.container(horizontal=True, vertical_alignment="center"):
        saving = st.button("Save", type="primary", icon=":material/check:", key=start.key("save"))
        leads_to = "event.py" if start.keeps_type else "catalog.py"
        query = {"eventType": start.asked} if start.keeps_type else None
        links.page_link(leads_to, label="Cancel", icon=":material/close:", query_params=query)
    if saving:
        _save_or_ask(actor, start, definition, problems)
    if asked := _confirm.about:
        _confirm.draw(actor, start, *asked)


def _save_or_ask(
    actor: Actor, start: DefinitionStart, definition: EntryDefinition, problems: list[DefinitionProblem]
) -> None:
    if problems:
        st.session_state[start.key("submitted")] = True
        st.rerun()
    with database.read(actor) as conn:
        effects = own_events.effects(conn, tenant=actor.tenant, definition=definition)
    if effects.is_told:
        _confirm.ask((definition, effects))
    else:
        _save(actor, start, definition, Press())


@dialogs.dialog("What this changes", width="large", icon=":material/account_tree:")
def _confirm(actor: Actor, start: DefinitionStart, definition: EntryDefinition, effects: Effects) -> None:
    own_event_effects.draw(effects.attached)
    if effects.before is not None and effects.after is not None and effects.before != effects.after:
        registry_comparison.draw_comparison(compatibility.compare(effects.before, effects.after), READINGS[0])
    real_events.draw(effects.gate, headline=real_events.WOULD_FIT)
    label = "Save anyway" if effects.broken or effects.gate.failures else "Save"
    if press := _confirm.draw_acts(label, key=start.key("confirm"), icon=":material/check:"):
        _save(actor, start, definition, press)


def _save(actor: Actor, start: DefinitionStart, definition: EntryDefinition, press: Press) -> None:
    """Save, and go to the event; where somebody else was first, keep both."""
    draft = st.session_state.get(start.key("draft"))
    with guard.errors_shown():
        try:
            press.write(actor, lambda conn: _write(actor, start, definition, draft, conn))
        except Conflict as refused:  # said on the page, where both can be compared
            st.session_state[start.key(_CONFLICT)] = (str(refused), definition)
            _confirm.end()
        guard.tell(f"{escape(definition.name)} is saved.", icon=":material/check:")
        st.switch_page("event.py", query_params={"eventType": definition.event_type})


def _write(actor: Actor, start: DefinitionStart, definition: EntryDefinition, draft: Any, conn: Any) -> None:
    if start.version is None:
        own_events.create(conn, actor, definition=definition)
    else:
        own_events.change(conn, actor, event_type=start.asked, definition=definition, expected_version=start.version)
    if draft:
        definition_drafts.drop(conn, actor, draft_id=draft.draft_id)


def _draw_conflict(actor: Actor, start: DefinitionStart, sentence: str, mine: EntryDefinition) -> None:
    """Say who was first, what they saved, and offer both ways on."""
    with database.read(actor) as conn:
        theirs = own_entries.get(conn, tenant=actor.tenant, event_type=mine.event_type)
    with st.container(border=True):
        st.warning(escape(sentence), icon=":material/sync_problem:")
        if theirs is None:
            return
        for line in _differences(theirs, mine):
            st.markdown(line)
        with st.container(horizontal=True):
            st.button(
                "Take theirs",
                icon=":material/sync:",
                key=start.key("theirs"),
                on_click=guard.callback(define_start.begin_with),
                args=(actor, mine.event_type),
            )
            st.button(
                "Keep mine",
                icon=":material/edit:",
                key=start.key("mine"),
                help="Your fields stay as they are; Save then replaces what is described here.",
                on_click=guard.callback(_keep_mine),
                args=(start, theirs.version),
            )


def _differences(theirs: OwnEntry, mine: EntryDefinition) -> list[str]:
    """Where what they saved says something else than what was typed here."""
    labels = {
        "name": "Name",
        "description": "Description",
        "category": "Category",
        "status": "Status",
        "owner": "Owner",
        "tags": "Tags",
        "correlation_paths": "Correlation paths",
    }
    found = []
    for field, label in labels.items():
        saved, typed = _words(getattr(theirs, field)), _words(getattr(mine, field))
        if saved != typed:
            found.append(f"**{label}**: theirs {escape(saved)}, yours {escape(typed)}")
    found.append(f"**Schema**: theirs {escape(theirs.payload_schema_ref or 'none')}")
    return found


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value or "–")


def _keep_mine(start: DefinitionStart, version: int) -> None:
    """Callback: go on with what was typed, over the version that was just shown."""
    st.session_state.pop(start.key(_CONFLICT), None)
    define_start.go_on_from(version)
