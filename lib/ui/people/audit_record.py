"""One act in full: who did what, when, from where, to what, and what it changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth import acts, audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditEntry
from lib.ui.components import definition_diff, facts, guard, history, links, statuses, viewer_time
from lib.ui.components.text import NOTHING, code, escape
from lib.ui.people import audit_list
from lib.workflows import diff
from lib.workflows import versions as workflow_versions

#: Where objects of a kind are shown: the page, and the name of the id in its URL.
_PAGES = {
    "event": ("activity.py", "eventId"),
    "event_type": ("event.py", "eventType"),
    "run": ("runs.py", "runId"),
    "workflow": ("designer.py", "workflowId"),
}
# Of every event type; no page is of all of them.
_ALL = "*"
_DEFINITION_HEIGHT = 360


def draw(actor: Actor, audit_id: str) -> None:
    """Draw the act, with the way back to the list. Raises NotFound."""
    st.button(
        "Audit trail",
        icon=":material/arrow_back:",
        type="tertiary",
        key="back-to-audit",
        on_click=guard.callback(_close),
    )
    with database.read(actor) as conn:
        entry = audit_trail.get(conn, actor, audit_id=audit_id)
        versions = _definitions(conn, actor, entry)
    st.title(escape(entry.sentence), anchor=False)
    refused = ":red-badge[:material/block: Refused] " if entry.was_refused else ""
    origin = statuses.ACT_ORIGIN[entry.origin].badge() if entry.origin else ""
    st.markdown(f"{refused}{origin} {code(entry.action)}")
    left, right = st.columns([3, 2], gap="medium")
    with right:
        _draw_facts(entry)
    with left:
        _draw_change(entry)
        if versions:
            st.header("What the versions say", anchor=False)
            definition_diff.draw(*versions, height=_DEFINITION_HEIGHT)


def _close() -> None:
    st.query_params.pop(audit_list.PARAMETER, None)


def _draw_facts(entry: AuditEntry) -> None:
    kind = entry.acted_on
    of_act = {
        "When": viewer_time.shown(entry.at, "%Y-%m-%d %H:%M:%S"),
        "Who": escape(entry.who),
        "E-mail": code(entry.email) if entry.email else NOTHING,
        "Address": code(entry.address) if entry.address else NOTHING,
        "Object": escape(acts.kind_word(kind)) if kind else NOTHING,
        "Object id": code(entry.object_id),
        "Row": code(str(entry.audit_id)),
    }
    with st.container(border=True, gap="xsmall"):
        facts.draw(of_act, key="act")
        with st.container(horizontal=True, gap="small"):
            if kind in _PAGES and entry.object_id != _ALL:
                page, parameter = _PAGES[kind]
                label = f"Open {acts.kind_word(kind).lower()}"
                links.page_link(
                    page, label=label, icon=":material/arrow_outward:", query_params={parameter: entry.object_id}
                )
            history.link(entry.object_id)


def _draw_change(entry: AuditEntry) -> None:
    """How things were and are, line by line, then what else the act says."""
    before, after = _aligned(entry.before), _aligned(entry.after)
    lines = [line for line in diff.unified(before, after).splitlines() if not line.startswith("@@")]
    if lines:
        st.header("What changed", anchor=False)
        st.code("\n".join(lines), language="diff", wrap_lines=True)
    told = {*entry.before, *entry.after, *(("objectKind",) if entry.was_refused else ())}
    rest = {name: value for name, value in entry.detail.items() if name not in told}
    if rest:
        st.header("Details", anchor=False)
        facts.draw({escape(_words(name)): code(_said(value)) for name, value in rest.items()}, key="details")


def _aligned(details: Mapping[str, Any]) -> dict[str, Any]:
    """The same with one name for one thing: what was `previousVersion` is `version`."""
    names = {"before": "value", "after": "value"}
    return {
        names.get(name, name[8:9].lower() + name[9:] if name.startswith("previous") else name): value
        for name, value in details.items()
    }


def _words(name: str) -> str:
    """The name of a detail as people read it: Draft version."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) or NOTHING if isinstance(value, list) else str(value)


def _definitions(
    conn: database.Connection, actor: Actor, entry: AuditEntry
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What the workflow said before a version was published and since, if the act is one that published."""
    old, new = entry.detail.get("previousVersion"), entry.detail.get("version")
    if entry.object_kind != "workflow" or not isinstance(old, int) or not isinstance(new, int):
        return None
    found = [
        workflow_versions.definition_if_known(
            conn, tenant=actor.tenant, workflow_id=UUID(entry.object_id), version=version
        )
        for version in (old, new)
    ]
    return (found[0], found[1]) if found[0] and found[1] else None
