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


def draw(submission: Submission, *, notes: Mapping[UUID, str]) -> None:
    """Draw one line a candidate of a dry run with its reason, what `notes` add in Markdown, and the payload it gets."""
    for match in submission.matches:
        with st.container(border=True, gap="xxsmall"):
            draw_headline(match, dry=True)
            if match.workflow_id and match.workflow_id in notes:
                st.markdown(f":small[{notes[match.workflow_id]}]")
            draw_payload(match, submission.inputs, "Payload it would get")


def draw_headline(match: Match, *, dry: bool) -> None:
    """Draw what became, or would become, of one candidate, and why if nothing was started or resumed."""
    if match.workflow_id is None:
        st.markdown(statuses.EVENT["unmatched"].badge("Starts nothing" if dry else ""))
    else:
        look = (statuses.PREVIEW if dry else statuses.OUTCOME)[match.outcome]
        name = escape(match.workflow_name or "A workflow")
        st.markdown(f"{look.badge()} **{name}** :gray[v{match.workflow_version}]")
    if match.outcome not in ("started", "resumed") or match.workflow_id is None:
        st.caption(escape(match.message))


def draw_payload(match: Match, inputs: Mapping[UUID, JsonValue], label: str) -> None:
    """Draw the payload that the candidate got, folded, where it is known."""
    if match.workflow_id and match.workflow_id in inputs:
        with st.expander(label, type="compact"):
            st.code(json_text(inputs[match.workflow_id]), language="json")
