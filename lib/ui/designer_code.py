"""The designer's tab for the whole definition as JSON or YAML."""

from __future__ import annotations

import streamlit as st

from lib import definition_text
from lib.definition_text import Language
from lib.errors import InvalidInput
from lib.ui.designer_state import Draft
from lib.ui.text import escape

_LANGUAGES: dict[str, Language] = {"YAML": "yaml", "JSON": "json"}


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw the definition as text, and take it back when it can be read."""
    chosen = st.segmented_control("Language", list(_LANGUAGES), default="YAML", required=True, key="code-language",
                                  label_visibility="collapsed", persist_state="session")  # fmt: skip
    language = _LANGUAGES[chosen or "YAML"]
    written = definition_text.write(draft.definition, language)
    if refusal is not None:
        st.code(written, language=language, line_numbers=True)
        return
    key = draft.key(f"code-{language}")
    st.text_area("Definition", written, key=key, height=520, label_visibility="collapsed")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Apply", type="primary", icon=":material/check:", key=f"{key}-apply"):
            _apply(draft, st.session_state[key], language)
        st.caption("Undone by Escape or by leaving this tab before you apply.", width="content")


def _apply(draft: Draft, text: str, language: Language) -> None:
    try:
        definition = definition_text.read(text, language)
        draft.save({"id": draft.definition.get("id"), **definition}, redraw=True)
    except InvalidInput as error:  # said here, where the text still is
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.rerun()
