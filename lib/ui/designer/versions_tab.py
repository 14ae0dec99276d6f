"""The designer's tab for what was published: compare any two versions, go back to one."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.ui.components import definition_diff, dialogs, guard, viewer_time
from lib.ui.components.text import code, escape
from lib.ui.designer.state import Draft, reload_next
from lib.ui.workflows import attached, real_events
from lib.workflows import definition_text, gate
from lib.workflows import versions as workflow_versions
from lib.workflows.versions import Version

#: The name in the URL of the version to look at: v1, or Draft.
VERSION = "version"
_DRAFT = "Draft"


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw a comparison of two versions and the list of all."""
    workflow = draft.workflow
    with database.read(draft.actor) as conn:
        versions = workflow_versions.list_versions(conn, tenant=draft.actor.tenant, workflow_id=workflow.workflow_id)
    if not versions:
        st.caption("Nothing is published yet. Each publish is kept here, and you can go back to any.")
        return
    _draw_comparison(draft, versions)
    st.header("All versions", anchor=False)
    for number, version in enumerate(versions):
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(_described(version, current=version.version == workflow.published_version), width="stretch")
            if version.version != workflow.published_version:
                if st.button(
                    "Roll back",
                    key=f"roll-back-{version.version}",
                    icon=":material/history:",
                    disabled=refusal is not None,
                    help=refusal,
                ):
                    _confirm.ask(version.version)
                if _confirm.about == version.version:
                    _confirm.draw(draft, version.version)
            elif version.event_type is None and any(one.event_type for one in versions[number + 1 : number + 2]):
                attached.undo_button(
                    draft.actor,
                    workflow.workflow_id,
                    version.version,
                    "Attach again",
                    refusal,
                    then=reload_next,
                )


def _described(version: Version, *, current: bool) -> str:
    mark = " :green-badge[Current]" if current else ""
    event = code(version.event_type) if version.event_type else "no trigger"
    who = escape(version.published_by) if version.published_by else "the system"
    return (
        f"**v{version.version}**{mark} {escape(version.change_note)}  \n"
        f":small[:gray[{viewer_time.shown(version.published_at)} · {who} · {event}]]"
    )


def _draw_comparison(draft: Draft, versions: list[Version]) -> None:
    names = [_DRAFT, *(f"v{version.version}" for version in versions)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox("Compare", names, index=min(1, len(names) - 1), key=VERSION, bind="query-params", width=160)
        new = st.selectbox("with", names, index=0, key="with", bind="query-params", width=160)
    before, after = _content(draft, old), _content(draft, new)
    if not definition_text.same(before, after):
        definition_diff.draw_beside(before, after, titles=(old, new))
        return
    said = f"This is what {old} says." if old == new else f"{old} and {new} say the same."
    st.caption(f":green[:material/check_circle:] {said}")
    st.code(definition_text.write(before, "yaml"), language="yaml", height=380, wrap_lines=True)


def _content(draft: Draft, name: str) -> dict[str, object]:
    if name == _DRAFT:
        return draft.definition
    with database.read(draft.actor) as conn:
        found = workflow_versions.definition(
            conn, tenant=draft.actor.tenant, workflow_id=draft.workflow.workflow_id, version=int(name[1:])
        )
    return {key: value for key, value in found.items() if key != "version"}


@dialogs.dialog("Roll back", width="large", icon=":material/history:")
def _confirm(draft: Draft, to_version: int) -> None:
    now = draft.workflow.published_version
    assert now is not None
    st.markdown(
        f"What version {to_version} says is published once more, as version {now + 1}. "
        "Nothing that was published before changes."
    )
    if draft.workflow.draft_differs:
        st.caption("The draft has changes of its own and keeps them.")
    before, after = _content(draft, f"v{now}"), _content(draft, f"v{to_version}")
    definition_diff.draw(before, after, height=300)
    with database.read(draft.actor) as conn:
        tried = gate.check(conn, tenant=draft.actor.tenant, definition=after)
    real_events.draw(tried, headline=real_events.WOULD_START)
    with dialogs.form("roll-back-form"):
        note = st.text_input("Change note", f"Back to version {to_version}")
        press = _confirm.draw_acts(
            f"Publish v{now + 1}" + (" anyway" if tried.none_starts else ""),
            key="roll-back-confirm",
            icon=":material/history:",
            in_form=True,
            is_advised=not tried.none_starts,
        )
    if press:
        with guard.errors_shown():
            version = press.write(
                draft.actor,
                lambda conn: workflow_versions.roll_back(
                    conn,
                    draft.actor,
                    workflow_id=draft.workflow.workflow_id,
                    to_version=to_version,
                    expected_version=now,
                    change_note=note,
                    publish_anyway=tried.none_starts,
                ),
            )
            draft.show_changes()
            st.toast(f"Version {version} is published.", icon=":material/rocket_launch:")
            _confirm.end()
