"""What the page that defines an event begins with: nothing, an entry to edit, override or copy, or unknown traffic.

It is read once for each visit and then kept: a change is saved only over the version that its author began with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries, event_types, own_entries
from lib.catalog.definition_drafts import DefinitionDraft
from lib.catalog.definitions import EntryDefinition
from lib.catalog.entries import CatalogEntry
from lib.database import Connection
from lib.errors import NotFound
from lib.events import unknown_events
from lib.schemas.form import json_text
from lib.serialization import strict_json
from lib.ui.catalog import define_draft
from lib.ui.components import url_filters
from lib.ui.components.url_parameters import Text

Purpose = Literal["new", "edit", "override", "copy", "traffic"]

#: Parameters of the URL, and what each of them is for.
_PARAMETERS: dict[str, Purpose] = {"eventType": "edit", "copy": "copy", "from": "traffic"}
_STARTS = "define-start"
_VISIT = "define-visit"


@dataclass(frozen=True)
class DefinitionStart:
    """What a visit begins with. `version` is that of the entry that is edited; `found` is false for an unknown one."""

    purpose: Purpose
    asked: str
    definition: EntryDefinition
    version: int | None = None
    found: bool = True
    #: What was typed at an earlier look at this page, before a reload.
    draft: DefinitionDraft | None = None
    #: Counts the visits of a session: widgets of another visit have other keys.
    visit: int = 0

    def key(self, name: str) -> str:
        """The key of a widget of this visit."""
        return f"define-{self.visit}-{name}"

    @property
    def keeps_type(self) -> bool:
        """Whether the event type is settled."""
        return self.purpose in ("edit", "override")


def begun(actor: Actor) -> DefinitionStart:
    """What this visit began with."""
    visit = (actor, _asked())
    held: DefinitionStart | None = st.session_state.get(_STARTS)
    # Streamlit forgets a widget that the run before did not draw, so without its first one this is another visit.
    if held is None or held.key("name") not in st.session_state or st.session_state.get(_VISIT) != visit:
        held = _begin_anew(actor)
        st.session_state[_VISIT] = visit
    return held


def _begin_anew(actor: Actor) -> DefinitionStart:
    purpose, asked = _asked()
    before: DefinitionStart | None = st.session_state.get(_STARTS)
    start = replace(_read(actor, purpose, asked), visit=before.visit + 1 if before else 1)
    if draft := define_draft.asked(actor, purpose=purpose, event_type=asked):
        # Over the version that its author began with: what somebody saved since is told when it is to be saved.
        start = replace(start, draft=draft, version=draft.of["version"])
    st.session_state[_STARTS] = start
    return start


def begin_with(actor: Actor, event_type: str) -> None:
    """Begin with what the catalog says of this event now, as after another person defined or changed it."""
    for parameter in _PARAMETERS:
        st.query_params.pop(parameter, None)
    st.query_params["eventType"] = event_type
    define_draft.forget()
    _begin_anew(actor)
    st.session_state[_VISIT] = (actor, _asked())


def go_on_from(version: int) -> None:
    """Keep what was typed, to be saved over this version, which its author has seen."""
    st.session_state[_STARTS] = replace(st.session_state[_STARTS], version=version)


def prefill(actor: Actor, event_type: str) -> EntryDefinition:
    """What to begin with for events of a type that came and that the catalog does not know."""
    begun = EntryDefinition(event_type=event_type, name=event_types.name_of(event_type))
    try:
        with database.read(actor) as conn:
            suggested = unknown_events.suggestion(conn, tenant=actor.tenant, event_type=event_type)
    except NotFound:  # none came, or somebody else has defined it meanwhile
        return begun
    return replace(
        begun,
        correlation_paths=suggested.correlation_paths,
        example=suggested.example,
        payload_schema=json_text(suggested.payload_schema),
    )


def draw_complaints() -> None:
    """Tell what of the URL is left out, as no event can be called so."""
    for parameter in _PARAMETERS:
        written = st.query_params.get(parameter, "")
        if reason := url_filters.in_vain(Text(parameter, parameter), written):
            st.warning(url_filters.left_out(parameter, written, reason), icon=":material/link_off:")


def _asked() -> tuple[Purpose, str]:
    for parameter, purpose in _PARAMETERS.items():
        asked = st.query_params.get(parameter)
        if asked and url_filters.in_vain(Text(parameter, parameter), asked) is None:
            return purpose, asked
    return "new", ""


def _read(actor: Actor, purpose: Purpose, asked: str) -> DefinitionStart:
    if purpose == "new":
        return DefinitionStart("new", "", EntryDefinition(event_type="", name="", category=""))
    if purpose == "traffic":
        return DefinitionStart("traffic", asked, prefill(actor, asked))
    with database.read(actor) as conn:
        entry = entries.entry(conn, tenant=actor.tenant, event_type=asked)
        if entry is None:
            return DefinitionStart(purpose, asked, EntryDefinition(event_type=asked, name="", category=""), found=False)
        own = own_entries.get(conn, tenant=actor.tenant, event_type=asked)
        definition = _of_entry(conn, actor, entry)
    if purpose == "copy":
        copied = replace(definition, event_type=f"{asked}_COPY", name=f"Copy of {entry.name}"[:120], status="draft")
        return DefinitionStart("copy", asked, copied)
    if own is None:
        return DefinitionStart("override", asked, definition)
    return DefinitionStart("edit", asked, definition, version=own.version)


def _of_entry(conn: Connection, actor: Actor, entry: CatalogEntry) -> EntryDefinition:
    """An entry as a definition; a schema that is its own is given inline."""
    ref = entry.payload_schema_ref
    is_inline = entry.schema is not None and (
        ref is None or own_entries.inline_of(conn, tenant=actor.tenant, ref=ref) is not None
    )
    text = own_entries.schema_text(conn, tenant=actor.tenant, ref=ref) if is_inline and ref is not None else None
    schema = strict_json.loads(text) if text is not None else entry.schema
    return EntryDefinition(
        event_type=entry.event_type,
        name=entry.name,
        description=entry.description,
        category=entry.category,
        status=entry.status,
        owner=entry.owner,
        tags=tuple(entry.tags),
        correlation_paths=tuple(entry.correlation_paths),
        example=entry.example,
        payload_schema_ref=None if is_inline else ref,
        payload_schema=json_text(schema) if is_inline else None,
    )
