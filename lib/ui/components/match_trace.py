"""Why each candidate workflow did, would, or did not start: the same lines wherever an event is shown."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import streamlit as st

from lib.events.matching import Match
from lib.events.submission import Submission
from lib.schemas.form import json_text
from lib.serialization.strict_json import JsonValue
from lib.ui.components import statuses
from lib.ui.components.text import escape


def draw(submission: Submission, *, dry: bool) -> None:
    """Draw one line a candidate with its reason; in a dry run, with the payload it would get."""
    for match in submission.matches:
        with st.container(border=True, gap="xxsmall"):
            st.markdown(_headline(match, dry))
            if match.outcome not in ("started", "resumed") or match.workflow_id is None:
                st.caption(escape(match.message))
            _draw_payload(match, submission.inputs, "Payload it would get" if dry else "Payload it got")


def _headline(match: Match, dry: bool) -> str:
    if match.workflow_id is None:
        return statuses.EVENT["unmatched"].badge("Starts nothing" if dry else "")
    name = f"**{escape(match.workflow_name or 'A workflow')}** :gray[v{match.workflow_version}]"
    return f"{(statuses.PREVIEW if dry else statuses.OUTCOME)[match.outcome].badge()} {name}"


def _draw_payload(match: Match, inputs: Mapping[UUID, JsonValue], label: str) -> None:
    if match.workflow_id and match.workflow_id in inputs:
        with st.expander(label, type="compact"):
            st.code(json_text(inputs[match.workflow_id]), language="json")
