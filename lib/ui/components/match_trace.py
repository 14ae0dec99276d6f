"""Why each candidate workflow did, would, or did not start: the same lines wherever an event is shown."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import streamlit as st

from lib.events.matching import Match
from lib.events.submission import Submission
from lib.schemas.form import json_text
from lib.serialization.strict_json import JsonValue
from lib.ui.components.text import escape

_LOOKS = {
    "started": ("green", "play_circle", "Started", "Would start"),
    "resumed": ("green", "resume", "Resumed", "Would resume"),
    "skipped": ("orange", "block", "Skipped", "Would skip"),
    "failed": ("red", "error", "Failed", "Would fail"),
}


def draw(submission: Submission, *, dry: bool) -> None:
    """Draw one line a candidate with its reason; in a dry run, with the payload it would get."""
    for match in submission.matches:
        with st.container(border=True, gap="xxsmall"):
            st.markdown(_headline(match, dry))
            if match.outcome not in ("started", "resumed") or match.workflow_id is None:
                st.caption(escape(match.message))
            _draw_payload(match, submission.inputs, "Payload it would get" if dry else "Payload it got")


def _headline(match: Match, dry: bool) -> str:
    color, icon, done, would = _LOOKS[match.outcome]
    label = would if dry else done
    if match.workflow_id is None:
        return ":orange-badge[:material/block: Starts nothing]" if dry else ":orange-badge[:material/block: Unmatched]"
    name = f"**{escape(match.workflow_name or 'A workflow')}** :gray[v{match.workflow_version}]"
    return f":{color}-badge[:material/{icon}: {label}] {name}"


def _draw_payload(match: Match, inputs: Mapping[UUID, JsonValue], label: str) -> None:
    if match.workflow_id and match.workflow_id in inputs:
        with st.expander(label, type="compact"):
            st.code(json_text(inputs[match.workflow_id]), language="json")
