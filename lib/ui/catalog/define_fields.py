"""The fields that define an event, each with what is wrong with it below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.auth.actors import Actor
from lib.catalog import definitions, event_types
from lib.catalog.definition_drafts import DefinitionDraft
from lib.catalog.definitions import DefinitionField, DefinitionProblem, EntryDefinition
from lib.catalog.entries import ENTRY_STATUSES
from lib.errors import InvalidInput
from lib.schemas import JsonSchema
from lib.schemas.form import json_text
from lib.serialization import strict_json
from lib.ui.catalog import define_draft, infer_schema
from lib.ui.catalog.define_start import DefinitionStart
from lib.ui.components import choices, guard, numbered, statuses
from lib.ui.components.text import escape

_REGISTRY, _INLINE, _NONE = "From the registry", "Inline JSON Schema", "No schema"
_LIVE = "300ms"
_SCHEMA_HEIGHT, _EXAMPLE_HEIGHT = 320, 180
_MOST_TOLD = 12
_EMPTY_SCHEMA = """{
  "type": "object",
  "required": [],
  "properties": {
  }
}"""


@dataclass(frozen=True)
class CatalogChoices:
    """What the tenant's catalog and registry have already, to choose from."""

    categories: list[str]
    owners: list[str]
    tags: list[str]


@dataclass(frozen=True)
class DefinitionFields:
    """The fields of one visit. `read` has what they hold, `draw_problems` has what of that is wrong."""

    actor: Actor
    start: DefinitionStart
    choices: CatalogChoices

    def prime(self) -> None:
        """Give every field the value that this visit begins with, unless it holds one."""
        for name, value in (self._begun() | dict(self.start.draft.fields if self.start.draft else {})).items():
            st.session_state.setdefault(self._key(name), value)

    def keep(self) -> None:
        """Keep what the fields hold for after a reload, if it is not what was kept last or begun with."""
        start, key = self.start, self._key("draft")
        held = {name: st.session_state[self._key(name)] for name in self._begun()}
        before: DefinitionDraft | None = st.session_state.setdefault(key, start.draft)
        if held != (before.fields if before else self._begun()):
            of = {"purpose": start.purpose, "asked": start.asked, "version": start.version}
            st.session_state[key] = define_draft.keep(self.actor, before, of=of, fields=held)

    def _begun(self) -> dict[str, Any]:
        """What this visit begins with, by field."""
        start = self.start.definition
        return {
            "type": start.event_type,
            "name": start.name,
            "description": start.description,
            "category": start.category or None,
            "status": start.status,
            "owner": start.owner,
            "tags": list(start.tags),
            "paths": list(start.correlation_paths),
            "source": self._source(),
            "ref": start.payload_schema_ref,
            "schema": start.payload_schema if isinstance(start.payload_schema, str) else _EMPTY_SCHEMA,
            "example": "" if start.example is None else json_text(start.example),
        }

    def read(self) -> tuple[EntryDefinition, list[DefinitionProblem]]:
        """Everything that the fields hold, and what of it cannot be read."""
        source, owner, (example, found) = self._held("source"), self._held("owner"), self._example()
        definition = EntryDefinition(
            event_type=self.start.definition.event_type if self.start.keeps_type else self._held("type") or "",
            name=self._held("name") or "",
            description=self._held("description") or "",
            category=_as_known(self._held("category") or "", self.choices.categories),
            status=self._held("status"),
            owner=owner and _as_known(owner, self.choices.owners),
            tags=tuple(_as_known(one, self.choices.tags) for one in self._held("tags")),
            correlation_paths=tuple(self._held("paths")),
            example=example,
            payload_schema_ref=self._held("ref") if source == _REGISTRY else None,
            payload_schema=(self._held("schema") or "") if source == _INLINE else None,
        )
        if source == _REGISTRY and definition.payload_schema_ref is None:
            found.append(DefinitionProblem("schema", "Choose a schema, write one inline, or say that there is none."))
        return definitions.cleaned(definition), found

    def draw_names(self, tell: Callable[[DefinitionField], None]) -> None:
        """Draw what the event is called and whose it is."""
        if not self.start.keeps_type:
            self._draw_type(tell)
        st.text_input("Name", key=self._key("name"), live=_LIVE, placeholder="Device offline")
        tell("name")
        left, right = st.columns(2, gap="small")
        with left:
            self._draw_choice("category", "Category", self.choices.categories, "Choose or type a category")
            tell("category")
        with right:
            st.selectbox(
                "Status",
                ENTRY_STATUSES,
                key=self._key("status"),
                format_func=lambda status: statuses.ENTRY[status].word,
            )
        tell("status")
        st.text_area(
            "Description",
            key=self._key("description"),
            height=100,
            placeholder="When it happens, and what one usually does about it",
        )
        tell("description")
        left, right = st.columns(2, gap="small")
        with left:
            self._draw_choice("owner", "Owner", self.choices.owners, "Who answers for it")
            tell("owner")
        with right:
            st.multiselect(
                "Tags",
                _with(self.choices.tags, self._held("tags")),
                key=self._key("tags"),
                accept_new_options=True,
                placeholder="Choose or type tags",
            )
            tell("tags")

    def draw_schema(self, tell: Callable[[DefinitionField], None]) -> None:
        """Draw where the schema of the payload comes from, and the schema."""
        source = st.segmented_control(
            "Payload schema",
            (_REGISTRY, _INLINE, _NONE),
            required=True,
            key=self._key("source"),
            help="A schema of the registry can be shared by events. An inline one belongs to this event alone.",
        )
        if source == _REGISTRY:
            st.selectbox(
                "Schema ref",
                choices.refs(self.actor, key=self._key("ref"), chosen=self._held("ref"), with_inline=False),
                index=None,
                key=self._key("ref"),
                placeholder="Search the registry",
                persist_state="session",
            )
        elif source == _INLINE:
            st.text_area(
                "JSON Schema",
                key=self._key("schema"),
                height=_SCHEMA_HEIGHT,
                help="Of draft 3, 4, 6, 7, 2019-09 or 2020-12, which it may name as $schema",
                persist_state="session",
            )
            numbered.dress(self._key("schema"), self._held("schema") or "")
            with st.popover("Infer from examples", icon=":material/auto_fix_high:", key=self._key("examples")):
                infer_schema.draw(key=self._key("examples"), then=self._take_schema)
        else:
            st.caption("Payloads may then hold anything. There is no form, and a workflow needs a schema of its own.")
        tell("schema")

    def _take_schema(self, text: str) -> None:
        """Callback: put a schema into the editor."""
        st.session_state[self._key("schema")] = text

    def draw_paths(self, tell: Callable[[DefinitionField], None], schema: JsonSchema | None) -> None:
        """Draw which fields of the payload give the correlation key."""
        known = definitions.path_suggestions(schema) if schema is not None else []
        st.multiselect(
            "Correlation paths",
            _with(known, self._held("paths")),
            key=self._key("paths"),
            accept_new_options=True,
            placeholder="Choose a field, or type a path such as device.id",
            help="The first one that leads to a value gives the key by which runs wait for this event.",
        )
        tell("correlation paths")

    def draw_example(self, tell: Callable[[DefinitionField], None], sample: object) -> None:
        """Draw the example payload, which may be left out."""
        with st.expander("Example payload", icon=":material/data_object:", expanded=bool(self._held("example"))):
            st.text_area(
                "Example as JSON",
                key=self._key("example"),
                height=_EXAMPLE_HEIGHT,
                label_visibility="collapsed",
                placeholder="None: a sample is made from the schema where one is needed",
            )
            numbered.dress(self._key("example"), self._held("example") or "")
            st.button(
                "Use the generated sample",
                key=self._key("use-sample"),
                icon=":material/auto_awesome:",
                type="tertiary",
                disabled=sample is None,
                on_click=guard.callback(self._put),
                args=("example", json_text(sample)),
            )
        tell("example")

    def problems_of(self, found: Iterable[DefinitionProblem], field: DefinitionField) -> None:
        """Draw what is wrong with one field, each at its line."""
        told = [one for one in found if one.field == field]
        for one in told[:_MOST_TOLD]:
            where = f"Line {one.line}: " if one.line else ""
            st.markdown(f":small[:red[:material/error: {where}{escape(one.message)}]]")
        if len(told) > _MOST_TOLD:
            st.caption(f"And {len(told) - _MOST_TOLD} more.")

    def _draw_type(self, tell: Callable[[DefinitionField], None]) -> None:
        typed = st.text_input(
            "Event type",
            key=self._key("type"),
            live=_LIVE,
            placeholder="DEVICE_OFFLINE",
            help=event_types.TYPE_RULE,
        )
        text = (typed or "").strip()
        if text and event_types.problem(text):
            self._offer(event_types.made_of(text))
        elif spelled := event_types.convention(text):
            st.caption("By convention a type is in capitals with underscores. Keep it if its sender calls it so.")
            self._offer(spelled)
        tell("event type")

    def _offer(self, spelled: str) -> None:
        if spelled:
            st.button(
                f"Use {spelled}",
                key=self._key("spelled"),
                icon=":material/spellcheck:",
                type="tertiary",
                on_click=guard.callback(self._put),
                args=("type", spelled),
            )

    def _draw_choice(self, name: str, label: str, known: list[str], placeholder: str) -> None:
        st.selectbox(
            label,
            _with(known, [self._held(name)]),
            index=None,
            key=self._key(name),
            accept_new_options=True,
            placeholder=placeholder,
        )

    def _example(self) -> tuple[object, list[DefinitionProblem]]:
        text = self._held("example") or ""
        if not text.strip():
            return None, []
        try:
            return strict_json.parse(text, field="example"), []
        except InvalidInput as error:
            return None, [DefinitionProblem("example", error.sentence)]

    def _source(self) -> str:
        start = self.start.definition
        if start.payload_schema is not None:
            return _INLINE
        has_none = start.payload_schema_ref is None and self.start.purpose not in ("new", "traffic")
        return _NONE if has_none else _REGISTRY

    def _put(self, name: str, text: str) -> None:
        """Callback: put a text into a field."""
        st.session_state[self._key(name)] = text

    def _held(self, name: str) -> Any:
        return st.session_state[self._key(name)]

    def _key(self, name: str) -> str:
        return self.start.key(name)


def _with(known: Iterable[str], held: Iterable[str | None]) -> list[str]:
    """What there is to choose from, with what is chosen already."""
    return list(dict.fromkeys((*known, *(one for one in held if one))))


def _as_known(typed: str, known: Iterable[str]) -> str:
    """What was typed as it is spelled already, in whatever case and with whatever blanks: two would look like one."""
    wanted, there = _spelling(typed), list(known)
    return typed if typed in there else next((one for one in there if _spelling(one) == wanted), typed)


def _spelling(text: str) -> str:
    return " ".join(text.split()).casefold()
