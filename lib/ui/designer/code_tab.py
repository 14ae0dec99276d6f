"""The designer's tab for the whole definition as JSON or YAML."""

from __future__ import annotations

import streamlit as st

from lib.errors import InvalidInput
from lib.ui.components import guard, numbered
from lib.ui.components.text import escape
from lib.ui.designer.state import Draft
from lib.workflows import definition_text
from lib.workflows.definition_text import Language

_EDITOR = "definition-code"
_LANGUAGES: dict[str, Language] = {"YAML": "yaml", "JSON": "json"}


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw the definition as text, and take it back when it can be read."""
    chosen = st.segmented_control(
        "Language",
        list(_LANGUAGES),
        default="YAML",
        required=True,
        key="code-language",
        label_visibility="collapsed",
        persist_state="session",
    )
    language = _LANGUAGES[chosen or "YAML"]
    written = definition_text.write(draft.definition, language)
    if refusal is not None:
        st.code(written, language=language, line_numbers=True)
        return
    key = draft.key(f"code-{language}")
    if key not in st.session_state:  # drawn for the first time, or after another tab, when only the draft remembers
        st.session_state[key] = draft.unapplied.get(language, written)
    with st.container(key=_EDITOR):
        text = st.text_area(
            "Definition",
            key=key,
            height=520,
            label_visibility="collapsed",
            on_change=guard.callback(_keep),
            args=(draft, key, language),
        )
    _draw_acts(draft, key, language)
    refused, why = draft.refused.get(language, ("", ""))
    line = None
    if why and refused == text:
        st.error(escape(why), icon=":material/error:")
        line = numbered.line_named(why)
    numbered.dress(_EDITOR, text, [line] if line else [])


def forget_applied(draft: Draft) -> None:
    """Take no text for one to apply that says what the definition says; before anything tells of it."""
    for language, text in list(draft.unapplied.items()):
        if text == definition_text.write(draft.definition, language):
            del draft.unapplied[language]


def _draw_acts(draft: Draft, key: str, language: Language) -> None:
    """What can be done with the text, and whether something is to be done."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Apply",
            type="primary",
            icon=":material/check:",
            key=f"{key}-apply",
            on_click=guard.callback(_apply),
            args=(draft, key, language),
        )
        if language in draft.unapplied:
            st.button(
                "Discard",
                icon=":material/undo:",
                key=f"{key}-discard",
                on_click=guard.callback(_discard),
                args=(draft, language),
                help="Show what the workflow says instead",
            )
        if draft.unapplied_reason:
            st.caption(f":orange[:material/edit_note: {draft.unapplied_reason}]", width="content")


def _keep(draft: Draft, key: str, language: Language) -> None:
    """Callback: remember what was typed, even when the same click chose another tab and this one is not drawn."""
    if key == draft.key(f"code-{language}"):  # else the same click has applied it already
        draft.unapplied[language] = st.session_state[key]


def _discard(draft: Draft, language: Language) -> None:
    """Callback: go back to what the definition says."""
    draft.unapplied.pop(language, None)
    draft.redraw()


def _apply(draft: Draft, key: str, language: Language) -> None:
    """Callback: take the text for the definition, which then is written our way, or say why it cannot be."""
    text = st.session_state[key]
    try:
        definition = definition_text.read(text, language)
        draft.save({"id": draft.definition.get("id"), **definition}, redraw=True)
    except InvalidInput as error:  # said where the text still is
        draft.refused[language] = text, f"The {error.field} {error.cause.removesuffix('.')}."
    else:
        _discard(draft, language)
