"""Which further fields of an event are redacted: said to everyone, changed by admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.catalog.entries import CatalogEntry
from lib.catalog.redacted_fields import RedactedFields
from lib.ui.components import dialogs, guard, viewer_time
from lib.ui.components.text import code, escape, plain

_OWN = "redacted-own"
_HELP = "JSON pointers, such as /customer/name. `*` stands for any key or list item: /items/\\*/serial"


def draw(actor: Actor, entry: CatalogEntry, *, in_drawer: bool) -> None:
    """Draw what the tenant has redacted in this event, with the way to change it."""
    with database.read(actor) as conn:
        fields = redacted_fields.of_event(conn, actor, event_type=entry.event_type)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/visibility_off: {_in_words(fields)}", width="stretch", help=_changed(fields))
        if not actor.may("admin"):
            return
        if in_drawer:  # a dialog cannot open another one, and the drawer is one
            with st.popover("Redacted fields", icon=":material/edit:", key="redacted-fields"):
                _draw_form(actor, entry, fields)
        elif st.button("Redacted fields", icon=":material/edit:", key="redacted-fields"):
            _open.ask()
    _open.draw(actor, entry, fields)


@dialogs.dialog("Redacted fields", icon=":material/visibility_off:")
def _open(actor: Actor, entry: CatalogEntry, fields: RedactedFields) -> None:
    _draw_form(actor, entry, fields)


def _draw_form(actor: Actor, entry: CatalogEntry, fields: RedactedFields) -> None:
    st.markdown(
        "What you add is redacted in events **from now on**; earlier ones stay as they are. What the schema "
        "marks as sensitive, and what looks like a secret, is redacted anyway."
    )
    suggested = redacted_fields.suggestions(entry.schema)
    seen = dialogs.begun_with(_OWN, fields)
    own = _choose(f"In {plain(entry.event_type)}", _OWN, seen.own, suggested)
    everywhere = _choose("In every event of this tenant", "redacted-everywhere", seen.everywhere, suggested)
    if press := _open.draw_acts("Save", key="save-redacted-fields", icon=":material/check:"):
        with guard.errors_shown():
            chosen = {entry.event_type: (seen.own, own), None: (seen.everywhere, everywhere)}
            press.write(actor, lambda conn: _change(conn, actor, chosen))
            dialogs.begin_anew(_OWN)
            _open.end()


def _change(
    conn: database.Connection, actor: Actor, chosen: Mapping[str | None, tuple[Sequence[str], Sequence[str]]]
) -> None:
    """Change what was changed here: the other list may be another by now."""
    for event_type, (seen, pointers) in chosen.items():
        if list(seen) != list(pointers):
            redacted_fields.change(conn, actor, event_type=event_type, pointers=pointers, expected=seen)


def _choose(label: str, key: str, chosen: tuple[str, ...], suggested: list[str]) -> list[str]:
    return st.multiselect(
        label,
        list(dict.fromkeys([*chosen, *suggested])),
        chosen,
        key=key,
        help=_HELP,
        accept_new_options=True,
        placeholder="Choose a field, or type a pointer",
    )


def _changed(fields: RedactedFields) -> str | None:
    if fields.updated_at is None:
        return None
    by = f" by {escape(fields.updated_by)}" if fields.updated_by else ""
    return f"Last changed {viewer_time.shown(fields.updated_at)}{by}"


def _in_words(fields: RedactedFields) -> str:
    if not (fields.own or fields.everywhere):
        return ":small[:gray[Only what the schema marks and what looks like a secret is redacted.]]"
    words = [":small[:gray[Redacted as well:]]", *map(code, fields.own)]
    words += [f"{code(pointer)} :small[:gray[(in every event)]]" for pointer in fields.everywhere]
    return " ".join(words)
