"""A new schema, or a new version of one, from text: what is wrong with it and what it breaks, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.schema_registry import SchemaVersion
from lib.errors import InvalidInput
from lib.schemas import JsonSchema, compatibility
from lib.schemas.compatibility import READINGS
from lib.serialization import strict_json
from lib.serialization.json_values import json_text
from lib.ui.catalog import registry_comparison
from lib.ui.components import dialogs, guard, numbered
from lib.ui.components.presses import Press
from lib.ui.components.text import code, escape
from lib.workflows import schema_impact

_REF, _TEXT = "new-schema-ref", "new-schema-text"
_EMPTY = '{\n  "type": "object",\n  "properties": {}\n}'
_REF_HELP = "Names joined by dots, and a version. What is registered under a ref never changes."
_OF_SYSTEM = "The system's schemas get new versions with releases."


def draw_button(actor: Actor, *, label: str, versions: Sequence[SchemaVersion] = ()) -> None:
    """Draw the button that opens the dialog; disabled for those who may not. The page says why.

    Where nobody may, the reason stands in its place.
    """
    if _is_of_system(versions):
        st.caption(f":material/info: {_OF_SYSTEM}", width="content")
        return
    refusal = guard.refused(actor, "admin")
    dialog = _next if versions else _first
    if st.button(label, key="new-schema", icon=":material/add:", type="primary", disabled=bool(refusal), help=refusal):
        dialog.ask()
    if versions:
        _next.draw(actor, tuple(versions))
    else:
        _first.draw(actor)


def say_why(actor: Actor, versions: Sequence[SchemaVersion] = ()) -> None:
    """Say below the button why it is disabled, if it is."""
    if not _is_of_system(versions):
        guard.say_why(guard.refused(actor, "admin"))


def _is_of_system(versions: Sequence[SchemaVersion]) -> bool:
    return bool(versions) and versions[0].kind == "system"


@dialogs.dialog("Register a schema", width="large", icon=":material/schema:")
def _first(actor: Actor) -> None:
    _draw_content(_first, actor, ())


@dialogs.dialog("New version", width="large", icon=":material/schema:")
def _next(actor: Actor, versions: tuple[SchemaVersion, ...]) -> None:
    _draw_content(_next, actor, versions)


def _draw_content(dialog: dialogs.Dialog[...], actor: Actor, versions: tuple[SchemaVersion, ...]) -> None:
    newest = versions[0].schema_ref if versions else None
    family = schema_registry.family_of(newest) if newest else ""
    with database.read(actor) as conn:
        known = schema_registry.exact(conn, tenant=actor.tenant, refs=[newest] if newest else [])
    before = known.get(newest or "")
    if newest:
        ref = schema_registry.next_ref(family, versions)
        st.markdown(f"It becomes {code(ref)}. What is registered under a ref never changes.")
    else:
        ref = st.text_input("Ref", key=_REF, placeholder="acme.DeviceOffline.v1", help=_REF_HELP)
    # Each version has a field of its own: what was typed for another one is not to come back.
    key = f"{_TEXT}-{newest or ''}"
    text = st.text_area("JSON Schema", json_text(before) if before is not None else _EMPTY, key=key, height=320)
    numbered.dress(key, text)
    schema, problem = _checked(ref, text)
    lacks_ref = problem is not None and not ref and problem.field == "schema ref"
    said = st.empty()
    if problem and not lacks_ref:
        said.error(escape(problem.sentence), icon=":material/error:")
    elif lacks_ref:
        said.caption("Give the schema a ref.")
    if schema is not None and newest and before is not None:
        _draw_change(actor, newest, ref, before, schema)
    # Never disabled: who has typed the last letter may press it before the server knows that.
    press = dialog.draw_acts("Register", key="register-schema", icon=":material/check:")
    if press and schema is not None:
        with guard.errors_shown():
            _register(dialog, actor, ref, schema, press)
    elif press and lacks_ref:
        said.error("Give the schema a ref first.", icon=":material/error:")


def _checked(ref: str, text: str) -> tuple[JsonSchema | None, InvalidInput | None]:
    """The schema that the text is, or what is wrong with that or with the ref."""
    try:
        schema = strict_json.parse(text, field="schema")
        schema_registry.check(ref, schema)
    except InvalidInput as error:
        return None, error
    return schema, None


def _draw_change(actor: Actor, newest: str, ref: str, before: JsonSchema, schema: JsonSchema) -> None:
    comparison = compatibility.compare(before, schema)
    if before == schema:
        st.caption(f"This is what {code(newest)} says already.")
        return
    registry_comparison.draw_comparison(comparison, READINGS[0])
    with database.read(actor) as conn:
        broken = schema_impact.broken_mappings(conn, tenant=actor.tenant, old_ref=newest, new=schema)
    registry_comparison.draw_broken(broken)


def _register(dialog: dialogs.Dialog[...], actor: Actor, ref: str, schema: JsonSchema, press: Press) -> None:
    added = press.write(actor, lambda conn: schema_registry.register(conn, actor, schemas={ref: schema}))
    said = "is registered" if added else "was registered already"
    guard.tell(f"{code(ref)} {said}.", icon=":material/schema:")
    registry_comparison.forget()
    st.query_params["ref"] = ref
    dialog.end()
