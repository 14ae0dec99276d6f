"""The designer's tab for the steps: an outline with blocks inside blocks, and the form of the one chosen."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import streamlit as st

from lib import definition_editing, json_pointer
from lib.definition_editing import LIST_NAMES, TOP, Place
from lib.schema_form import ABSENT
from lib.steps import STEP_TYPES
from lib.ui.designer_state import Draft
from lib.ui.schema_fields import schema_fields
from lib.ui.text import code, escape

_ACTS = {
    "up": "Move up",
    "down": "Move down",
    "duplicate": "Duplicate",
    "delete": "Delete",
}


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw every step in its place, the chosen one open, with a way to add one to each list."""
    steps = draft.definition.get("steps", [])
    if not steps:
        st.caption("No steps yet. Add the first: it runs when the event comes in.")
    _draw_list(draft, steps, TOP)


def _draw_list(draft: Draft, steps: list[dict[str, Any]], place: Place) -> None:
    for index, step in enumerate(steps):
        _draw_step(draft, step, (*place, index), last=index == len(steps) - 1)
    picked = st.menu_button("Add step", list(STEP_TYPES), icon=":material/add:", type="tertiary",
                            key=draft.key(f"add{json_pointer.join(place)}"),
                            format_func=lambda name: f"{STEP_TYPES[name].icon} {STEP_TYPES[name].label}")  # fmt: skip
    if picked:
        definition, draft.selected = definition_editing.add(draft.definition, place, picked)
        draft.save(definition, redraw=True)
        st.rerun()


def _draw_step(draft: Draft, step: dict[str, Any], place: Place, *, last: bool) -> None:
    kind, pointer = STEP_TYPES[step["type"]], json_pointer.join(place)
    chosen = draft.selected == place
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            name = step.get("name")
            below = kind.label if name else step["id"]
            st.button(f"{kind.icon} **{escape(str(name or kind.label))}** :gray[{escape(below)}]", type="tertiary",
                      icon=":material/expand_more:" if chosen else ":material/chevron_right:",
                      key=draft.key(f"open{pointer}"), on_click=_choose, args=(draft, place),
                      help=escape(kind.description))  # fmt: skip
            _draw_acts(draft, place, last=last)
        if chosen:
            _draw_form(draft, step, place)
        for key in kind.children:
            st.markdown(f":small[:gray[:material/subdirectory_arrow_right: {LIST_NAMES[key]}]]")
            with st.container(border=True, gap="xsmall"):
                _draw_list(draft, step["config"].get(key, []), (*place, "config", key))


def _draw_acts(draft: Draft, place: Place, *, last: bool) -> None:
    acts = dict(_ACTS)
    if place[-1] == 0:
        del acts["up"]
    if last:
        del acts["down"]
    others = [one for one in definition_editing.lists(draft.definition)
              if one.place != place[:-1] and one.place[: len(place)] != place]  # fmt: skip
    acts |= {f"to:{number}": f"Move to {one.label}" for number, one in enumerate(others)}
    picked = st.menu_button("", list(acts), icon=":material/more_vert:", type="tertiary", format_func=acts.__getitem__,
                            key=draft.key(f"acts{json_pointer.join(place)}"),
                            help="Move, duplicate, delete")  # fmt: skip
    if not picked:
        return
    definition, selected = draft.definition, draft.selected
    if picked == "delete":
        definition, selected = definition_editing.delete(definition, place), None
    elif picked == "duplicate":
        definition, selected = definition_editing.duplicate(definition, place)
    elif picked in ("up", "down"):
        definition, selected = definition_editing.move(definition, place, -1 if picked == "up" else 1)
    else:
        target = others[int(picked.partition(":")[2])].place
        definition, selected = definition_editing.move_to(definition, place, target)
    draft.selected = selected
    draft.save(definition, redraw=True)
    st.rerun()


def _draw_form(draft: Draft, step: dict[str, Any], place: Place) -> None:
    """Name, id and configuration; what is written is saved at once, fit to run or not."""
    kind, pointer = STEP_TYPES[step["type"]], json_pointer.join(place)
    left, right = st.columns([3, 2])
    with left:
        name = st.text_input("Name", str(step.get("name") or ""), key=draft.key(f"name{pointer}"),
                             placeholder=kind.label, max_chars=120)  # fmt: skip
    with right:
        step_id = st.text_input("Id", str(step["id"]), key=draft.key(f"id{pointer}"), max_chars=64,
                                help="How expressions call the step: steps.<id>.output")  # fmt: skip
    own = {key: value for key, value in step["config"].items() if key not in kind.children}
    key = draft.key(f"config{pointer}".replace("/", "-"))
    form = schema_fields(_form_schema(step["type"]), key=key, initial=draft.initial(key, own), submitted=True)
    st.caption(f"Expressions are JSONata over {code('payload')}, {code('event')}, {code('vars')} and "
               f"{code('steps.<id>.output')}.")  # fmt: skip
    config = {} if form.value is ABSENT or not isinstance(form.value, dict) else form.value
    nested = {key: step["config"][key] for key in kind.children if key in step["config"]}
    changed: dict[str, Any] = {**step, "id": step_id.strip() or step["id"], "config": {**config, **nested}}
    if name.strip() != str(step.get("name") or "").strip():
        changed["name"] = name.strip()
        if not name.strip():
            del changed["name"]
    draft.save(definition_editing.replace(draft.definition, place, changed))


def _choose(draft: Draft, place: Place) -> None:
    """Callback: open the step, or close it if it is open."""
    draft.selected = None if draft.selected == place else place


def _form_schema(step_type: str) -> dict[str, Any]:
    """The schema of a type's configuration without the nested steps, which are drawn as steps."""
    kind = STEP_TYPES[step_type]
    schema = deepcopy(kind.config_schema)
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name not in kind.children}
    schema["required"] = [name for name in schema["required"] if name not in kind.children]
    return schema
