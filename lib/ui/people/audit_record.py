"""One act in full: who did what, when, from where, to what, and what it changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth import acts, audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditEntry
from lib.serialization import strict_json
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
# Beside None, which is what some things were.
_MISSING = object()


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
    st.markdown(f"{refused}{origin} :gray[{escape(acts.act_word(entry.action))}]")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_change(entry)
        if versions:
            st.header("What the versions say", anchor=False)
            definition_diff.draw(*versions, height=_DEFINITION_HEIGHT)
    with right:  # after what stands above it on a phone, or that would push it down
        _draw_facts(entry)


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
        "Act id": code(str(entry.audit_id)),
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
    """How things were and are, one by one, then what else the act says."""
    before, after = _by_name(entry, entry.before), _by_name(entry, entry.after)
    changed = [name for name in {**before, **after} if before.get(name, _MISSING) != after.get(name, _MISSING)]
    if before and after and changed:
        st.header("What changed", anchor=False)
        for number, name in enumerate(changed):
            st.markdown(f"**{escape(_words(name))}**")
            if _is_structured(before.get(name)) or _is_structured(after.get(name)):
                lines = diff.unified({name: before.get(name)}, {name: after.get(name)}).splitlines()
                changes = "\n".join(line for line in lines if not line.startswith("@@"))
                st.code(changes, language="diff", wrap_lines=True)
            else:
                sides = {"Before": _said(name, before.get(name)), "After": _said(name, after.get(name))}
                facts.draw(sides, key=f"change-{number}")
    elif changed:
        st.header("Before" if before else "After", anchor=False)
        facts.draw(_in_words(before or after), key="change")
    told = {*entry.before, *entry.after, *(("objectKind",) if entry.was_refused else ())}
    rest = {name: value for name, value in entry.detail.items() if name not in told}
    if rest:
        st.header("Details", anchor=False)
        facts.draw(_in_words(rest), key="details")


def _by_name(entry: AuditEntry, details: Mapping[str, Any]) -> dict[str, Any]:
    """The details by one name for one thing: what was `previousVersion` is `version`.

    What is only called `before` or `after` is many things by their names, or else what the act is about.
    """
    found: dict[str, Any] = {}
    for name, value in details.items():
        if name.startswith("previous"):
            found[name[8:9].lower() + name[9:]] = value
        elif name not in ("before", "after"):
            found[name] = value
        elif isinstance(value, dict):
            found |= value
        else:
            found[entry.action.partition(".")[0]] = value
    return found


def _words(name: str) -> str:
    """The name of a detail as people read it: Draft version."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").capitalize()


def _in_words(details: Mapping[str, Any]) -> dict[str, str]:
    return {escape(_words(name)): _said(name, value) for name, value in details.items()}


def _is_structured(value: Any) -> bool:
    """Whether one reads it line by line, such as a schema."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else strict_json.dumps(value)


def _said(name: str, value: Any) -> str:
    """A detail as Markdown: a moment in the viewer's time, an act by its name, all else as it is."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(code(_text(one)) for one in value) or "None"
    if value is None or value == "":
        return NOTHING
    if name.endswith("At") and (moment := _moment(value)):
        return viewer_time.shown(moment)
    return escape(acts.act_word(value)) if isinstance(value, str) and value in acts.ACTS else code(_text(value))


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


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
