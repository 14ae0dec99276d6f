"""The draft outlives a reload: the browser's tab keeps it, and gives it back to the session that begins then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from lib.auth.actors import Actor
from lib.ui.components import guard
from lib.ui.simulate import payload_editor
from lib.ui.simulate.payload_editor import EditedPayload
from lib.ui.simulate.setup import Setup, set_correlation_key

_component = st.components.v2.component(
    "kept_draft", html="<span hidden></span>", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def draw(actor: Actor, setup: Setup, edited: EditedPayload, correlation_key: str | None) -> None:
    """Have the tab keep what the form holds; in a new session, put back what it kept before."""
    seen = f"{setup.key}:kept"
    key = f"{setup.key}-draft"

    def put_back() -> None:
        found = st.session_state[key].get("found")
        if isinstance(found, dict) and isinstance(found.get("text"), str):
            payload_editor.restore(setup.key, found["text"], is_json=found.get("isJson") is True)
            set_correlation_key(setup, found.get("key"))
            guard.tell("Your draft of before is back.", icon=":material/history:")

    draft: dict[str, Any] = {
        "text": edited.text,
        "isJson": payload_editor.is_json(setup.key),
        "key": correlation_key or "",
    }
    # A payload that the URL asks for is another draft.
    name = "/".join(
        ("simulate", str(actor.tenant), str(actor.user_id), setup.key, st.query_params.get("fromEvent", ""))
    )
    _component(
        key=key,
        data={"name": name, "draft": draft, "fresh": seen not in st.session_state},
        on_found_change=guard.callback(put_back),
    )
    st.session_state[seen] = True
