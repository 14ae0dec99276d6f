"""The same event as a command: what a sender's own code would send."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit
from uuid import uuid4

import streamlit as st

from lib.events.simulation import EventDraft
from lib.serialization import strict_json


def draw(draft: EventDraft | None) -> None:
    """Draw the command in a popover, with a button that copies it."""
    with st.popover("Copy as curl", icon=":material/terminal:", key="simulate-curl", disabled=draft is None):
        if draft is None:
            return
        st.caption(
            "Sends a live event. `$TOKEN` is an API token that may send events. Each event has an id of its own: "
            "one that was taken before is not taken again."
        )
        st.code(command(draft, origin=_origin()), language="bash", wrap_lines=True)


def command(draft: EventDraft, *, origin: str) -> str:
    """The command for a shell; nothing in the payload can end its quotes."""
    event: dict[str, strict_json.JsonValue] = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "curl",
        "type": draft.event_type,
        "data": draft.payload,
    }
    if draft.correlation_key:
        event["correlationkey"] = draft.correlation_key
    if draft.schema_ref:
        event["dataschema"] = draft.schema_ref
    lines = [
        f"curl -X POST {shlex.quote(origin + '/api/v2/events')}",
        '-H "Authorization: Bearer $TOKEN"',
        "-H 'Content-Type: application/cloudevents+json'",
        f"-d {shlex.quote(strict_json.dumps(event))}",
    ]
    return " \\\n  ".join(lines)


def _origin() -> str:
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://localhost:8501"
