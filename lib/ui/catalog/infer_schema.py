"""Payloads that someone has at hand become the text of a schema, to be edited."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lib.catalog import examples
from lib.errors import InvalidInput
from lib.schemas.form import json_text
from lib.ui.components import guard
from lib.ui.components.text import escape, plural

_PLACEHOLDER = '{"deviceId": "d-1", "since": "2026-03-02T10:00:00Z"}\n{"deviceId": "d-2", "since": null}'


def draw(*, key: str, then: Callable[[str], None], refusal: str | None = None) -> None:
    """Draw a field for payloads and the button that infers their schema.

    `then` is called with the text of the schema, in the callback of the button: it may set the state of an editor.
    """
    st.text_area(
        "Payloads",
        key=f"{key}-payloads",
        height=180,
        placeholder=_PLACEHOLDER,
        help="One JSON value, a list of them, or one a line. Of CloudEvents, their data is taken.",
        disabled=refusal is not None,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Infer schema",
            key=f"{key}-infer",
            icon=":material/auto_fix_high:",
            disabled=refusal is not None,
            help=refusal,
            on_click=guard.callback(_infer),
            args=(key, then),
        )
        if inferred := st.session_state.get(f"{key}-inferred"):
            st.markdown(inferred, width="stretch")
    guard.say_why(refusal)


def _infer(key: str, then: Callable[[str], None]) -> None:
    """Callback."""
    try:
        payloads = examples.read(st.session_state.get(f"{key}-payloads") or "")
    except InvalidInput as error:
        st.session_state[f"{key}-inferred"] = f":red[:material/error: {escape(error.sentence)}]"
        return
    then(json_text(examples.schema_of(payloads)))
    said = f":green[:material/check_circle:] Inferred from {plural(len(payloads), 'payload')}: look at it, and edit it."
    st.session_state[f"{key}-inferred"] = said
