"""The designer's tab for the steps: an outline with blocks inside blocks, and the form of the one chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from lib import database
from lib.catalog import schema_registry
from lib.mapping import expressions
from lib.mapping.expressions import DIGITS
from lib.schemas.form import ABSENT, SchemaViolation
from lib.serialization import json_pointer
from lib.steps import STEP_TYPES, StepOffer, offers
from lib.ui.components import diagram, guard
from lib.ui.components.schema_fields import carry_form, schema_fields
from lib.ui.components.text import code, escape, shorten, unseen
from lib.ui.designer.state import Draft, Unread
from lib.workflows import data_flow, definition_text, editing
from lib.workflows.editing import TOP, Place

_ACTS = {
    "up": ":material/arrow_upward: Move up",
    "down": ":material/arrow_downward: Move down",
    "duplicate": ":material/content_copy: Duplicate",
    "delete": ":material/delete: Delete",
}
#: Letters of what a step does, beside its name.
_LONGEST_DOING = 60
_MENU = ":material/more_vert: "  # as its label: beside an icon of its own a menu has an arrow too


@dataclass(frozen=True)
class _Drawn:
    """A step as a widget's callback knows it: where it was when the widget was drawn, and what it was called."""

    draft: Draft
    place: Place
    step_id: str
    generation: int
    #: Key of its form.
    form: str

    def now(self) -> Place | None:
        """Where it is: what the same click did before, such as deleting another step, may have moved it."""
        if self.generation == self.draft.generation:
            return self.place
        return editing.place_of_id(self.draft.definition, self.step_id)


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw every step in its place, the chosen one open, with a way to add one to each list."""
    steps = draft.definition.get("steps", [])
    if not steps:
        add = "" if refusal else " Add the first: it runs when the event comes in."
        st.caption(f"No steps yet.{add}")
    _draw_list(draft, steps, TOP, may=refusal is None)


def carry_unread(draft: Draft) -> None:
    """Keep what the forms of steps could not read, now that all is drawn anew; say what is lost with its step."""
    if not editing.editable(draft.definition):
        return
    for key, unread in list(draft.unread.items()):
        if key.startswith(draft.key("")):
            continue
        del draft.unread[key]
        place = editing.place_of_id(draft.definition, unread.step_id)
        step = editing.step_at(draft.definition, place) if place else None
        if place and step and _carried(key, _form_key(draft, place), step):
            draft.unread[_form_key(draft, place)] = unread
        else:
            st.toast(f"What was typed in {unread.where} is lost: that step is gone or is another now.")


def _carried(key: str, to: str, step: dict[str, Any]) -> bool:
    schema = form_schema(step["type"], _offer(step))
    return carry_form(key, to=to, schema=schema, initial=_own(step), is_same=definition_text.same)


def _form_key(draft: Draft, place: Place) -> str:
    return draft.key(f"config{json_pointer.join(place)}".replace("/", "-"))


def _draw_list(draft: Draft, steps: list[dict[str, Any]], place: Place, *, may: bool) -> None:
    for index, step in enumerate(steps):
        _draw_step(draft, step, (*place, index), last=index == len(steps) - 1, may=may)
    if may:
        key = draft.key(f"add{json_pointer.join(place)}")
        found = {name: f"{offer.icon} {offer.label}" for name, (_, offer) in offers().items()}
        st.menu_button(
            "Add step",
            list(found),
            icon=":material/add:",
            type="tertiary",
            key=key,
            format_func=found.__getitem__,
            on_click=guard.callback(_add),
            args=(draft, place, key),
        )
    elif not steps and place != TOP:
        st.caption("No steps")


def _draw_step(draft: Draft, step: dict[str, Any], place: Place, *, last: bool, may: bool) -> None:
    kind = STEP_TYPES[step["type"]]
    offer = _offer(step)
    chosen = draft.selected == place
    drawn = _Drawn(draft, place, step["id"], draft.generation, _form_key(draft, place))
    # Only the outermost steps have a frame, in which nested ones are indented: frames in frames leave no width.
    key = diagram.place_key(json_pointer.join(place)) if chosen else None
    with st.container(border=len(place) == len(TOP) + 1, gap="xsmall", key=key):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False):
            _draw_opener(draft, step, place, chosen=chosen)
            if may:
                _draw_acts(drawn, last=last)
        if chosen and may:
            _draw_form(drawn, step)
        elif chosen:
            st.caption(f"{escape(offer.description)} Id {code(step['id'])}")
            st.code(definition_text.write(_own(step), "yaml"), language="yaml", wrap_lines=True)
        for one in kind.lists:
            st.markdown(f":small[:gray[:material/subdirectory_arrow_right: {one.label}]]")
            with st.container(horizontal=True, wrap=False, gap="small"):
                st.space("xsmall")
                with st.container(gap="xsmall"):
                    _draw_list(draft, step["config"].get(one.key, []), (*place, "config", one.key), may=may)


def _draw_opener(draft: Draft, step: dict[str, Any], place: Place, *, chosen: bool) -> None:
    """Draw the button that opens the step and says what it does."""
    kind, name = STEP_TYPES[step["type"]], step.get("name")
    offer = _offer(step)
    does = shorten(kind.does(step["config"]) or step["id"], _LONGEST_DOING)
    below = f"{offer.label}: {does}" if name else does
    with st.container():  # takes what the menu leaves, and cuts what is too long
        st.button(
            f"{offer.icon} **{escape(str(name or offer.label))}** :gray[{escape(below)}]",
            type="tertiary",
            wrap=False,
            icon=":material/expand_more:" if chosen else ":material/chevron_right:",
            key=draft.key(f"open{json_pointer.join(place)}"),
            on_click=guard.callback(_choose),
            args=(draft, place),
            help=escape(offer.description),
        )


def _draw_acts(drawn: _Drawn, *, last: bool) -> None:
    draft, place, acts = drawn.draft, drawn.place, dict(_ACTS)
    if place[-1] == 0:
        del acts["up"]
    if last:
        del acts["down"]
    others = [
        one for one in editing.lists(draft.definition) if one.place != place[:-1] and one.place[: len(place)] != place
    ]
    acts |= {
        f"to:{json_pointer.join(one.place)}": f":material/drive_file_move: Move to {escape(one.label)}"
        for one in others
    }
    key = draft.key(f"acts{json_pointer.join(place)}")
    st.menu_button(
        _MENU + unseen(f"Acts on step {drawn.step_id}"),
        list(acts),
        type="tertiary",
        format_func=acts.__getitem__,
        key=key,
        help="Move, duplicate, delete",
        on_click=guard.callback(_act),
        args=(drawn, key),
    )


def _draw_form(drawn: _Drawn, step: dict[str, Any]) -> None:
    """Name, id and configuration; what is written is saved at once, fit to run or not."""
    draft, offer, pointer = drawn.draft, _offer(step), json_pointer.join(drawn.place)
    left, right = st.columns([3, 2])
    with left:
        key = draft.key(f"name{pointer}")
        st.text_input(
            "Name",
            str(step.get("name") or ""),
            key=key,
            placeholder=offer.label,
            max_chars=120,
            on_change=guard.callback(_keep_name),
            args=(drawn, key),
        )
    with right:
        key = draft.key(f"id{pointer}")
        st.text_input(
            "Id",
            str(step["id"]),
            key=key,
            max_chars=64,
            on_change=guard.callback(_keep_id),
            args=(drawn, key),
            help="How expressions call the step: steps.<id>.output",
        )
    _draw_config(drawn, step, pointer)


def _draw_config(drawn: _Drawn, step: dict[str, Any], pointer: str) -> None:
    """The configuration, with what the step can read for its expressions."""
    draft = drawn.draft
    schema_fields(
        form_schema(step["type"], _offer(step)),
        key=drawn.form,
        initial=draft.initial(drawn.form, _own(step)),
        submitted=True,
        carry=expressions.carried,
        reads=_reads(draft, pointer),
        is_flat=True,
        on_change=guard.callback(partial(_keep_config, drawn)),
    )
    st.caption(
        f"Expressions are JSONata over {code('payload')}, {code('event')}, {code('vars')} and "
        f"{code('steps.<id>.output')}.",
        help=DIGITS,
    )


def _reads(draft: Draft, pointer: str) -> dict[str, str]:
    """Expressions that the step can read, with their types."""
    ref = draft.definition.get("payloadSchemaRef")
    with database.read(draft.actor) as conn:
        schema = schema_registry.schema(conn, tenant=draft.actor.tenant, ref=ref) if isinstance(ref, str) else None
    return data_flow.readable(draft.definition, pointer, payload=schema)


def _choose(draft: Draft, place: Place) -> None:
    """Callback: open the step, or close it if it is open."""
    draft.selected = None if draft.selected == place else place


def _add(draft: Draft, place: Place, key: str) -> None:
    """Callback: add a step of the type that was picked to this list, and open it."""
    if picked := st.session_state[key]:
        definition, draft.selected = editing.add(draft.definition, place, picked)
        draft.save(definition, redraw=True)


def _act(drawn: _Drawn, key: str) -> None:
    """Callback: do to the step what was picked in its menu."""
    draft, place, picked = drawn.draft, drawn.now(), st.session_state[key]
    if not picked or place is None:
        return
    selected: Place | None = None
    if picked == "delete":
        definition = editing.delete(draft.definition, place)
    elif picked == "duplicate":
        definition, selected = editing.duplicate(draft.definition, place)
    elif picked in ("up", "down"):
        definition, selected = editing.move(draft.definition, place, -1 if picked == "up" else 1)
    else:
        target = editing.place_of(picked.removeprefix("to:"))
        definition, selected = editing.move_to(draft.definition, place, target)
    draft.selected = selected  # before it is saved, which may fail and leave it to be written later
    draft.save(definition, redraw=True)


def _keep_name(drawn: _Drawn, key: str) -> None:
    """Callback: take the step's name that was typed; without one it goes by its type."""
    name = st.session_state[key].strip()
    _change(drawn, lambda step: {**{k: v for k, v in step.items() if k != "name"}, **({"name": name} if name else {})})


def _keep_id(drawn: _Drawn, key: str) -> None:
    """Callback: take the step's id that was typed; the last one stays until there is another."""
    if step_id := st.session_state[key].strip():
        unread = drawn.draft.unread
        unread |= {drawn.form: replace(unread[drawn.form], step_id=step_id)} if drawn.form in unread else {}
        _change(drawn, lambda step: {**step, "id": step_id})


def _keep_config(drawn: _Drawn, value: Any, unread: list[SchemaViolation]) -> None:
    """Callback: take the configuration that the form holds, and leave the nested steps as they are."""
    _note_unread(drawn, unread)
    config = {} if value is ABSENT or not isinstance(value, dict) else value

    def put(step: dict[str, Any]) -> dict[str, Any]:
        kept = {key: step["config"][key] for key in _not_in_form(step) if key in step["config"]}
        return {**step, "config": {**config, **kept}}

    _change(drawn, put)


def _note_unread(drawn: _Drawn, unread: list[SchemaViolation]) -> None:
    """Remember that what was typed is not all in the configuration, or that it is again."""
    drawn.draft.unread.pop(drawn.form, None)
    place = drawn.now()
    step = editing.step_at(drawn.draft.definition, place) if place else None
    if step and unread:
        fields = dict.fromkeys(".".join(map(str, one.shown_at)) or "its configuration" for one in unread)
        drawn.draft.unread[drawn.form] = Unread(step["id"], tuple(fields))


def _change(drawn: _Drawn, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    place = drawn.now()
    step = editing.step_at(drawn.draft.definition, place) if place else None
    if place and step:
        drawn.draft.save(editing.replace(drawn.draft.definition, place, change(step)))


def _own(step: dict[str, Any]) -> dict[str, Any]:
    """The step's configuration as its form holds it."""
    left_out = _not_in_form(step)
    return {key: value for key, value in step["config"].items() if key not in left_out}


def _offer(step: dict[str, Any]) -> StepOffer:
    """The offer that the step is of."""
    return STEP_TYPES[step["type"]].offer_of(step["config"])


def _not_in_form(step: dict[str, Any]) -> set[str]:
    """The keys of the step's configuration that are drawn as steps, or that make it the step it is."""
    kind = STEP_TYPES[step["type"]]
    return {*kind.children, *_offer(step).fixed}


def form_schema(step_type: str, offer: StepOffer | None = None) -> dict[str, Any]:
    """The schema of a type's configuration without nested steps, and without what an offer fixes."""
    kind, fixed = STEP_TYPES[step_type], offer.fixed if offer else {}
    schema = deepcopy(kind.config_schema)
    for name in (*kind.children, *fixed):
        del schema["properties"][name]
        schema["required"] = [one for one in schema["required"] if one != name]
    if fixed:
        (branch,) = (one for one in schema.pop("oneOf") if _is_for(one, fixed))
        schema["properties"] |= {name: one for name, one in branch["properties"].items() if name not in fixed}
    return schema


def _is_for(branch: dict[str, Any], fixed: Mapping[str, Any]) -> bool:
    return all(branch["properties"].get(name) == {"const": value} for name, value in fixed.items())
