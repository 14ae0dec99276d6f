"""Taking events in: files or a pasted text, what they would change, and the choice of what is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog.interchange import reading
from lib.catalog.interchange.documents import MAX_BYTES
from lib.ui.components import guard, page_head
from lib.ui.components.text import escape, plural
from lib.workflows import imports
from lib.workflows.imports import CHANGE_KINDS, ChangeKind, PlannedChange

_PREFIX = "import-"
_PREVIEW = f"{_PREFIX}preview"
_CHOSEN = f"{_PREFIX}chosen"
_KIND = f"{_PREFIX}kind"
_PASTED = "Pasted text"
_VERDICTS = {
    "FULL": "compatible",
    "BACKWARD": "backward compatible",
    "FORWARD": "only forward compatible",
    "BREAKING": "breaking",
}


@dataclass(frozen=True)
class Preview:
    """What was read, and what it would change."""

    source: str
    problems: tuple[str, ...]
    plan: list[PlannedChange]


def draw(actor: Actor) -> None:
    """Draw the form, and the preview of what was read last."""
    guard.forget_of_others(actor, _PREFIX)
    page_head.draw(
        "Import events",
        "From JSON Schema files, AsyncAPI 2 or 3, OpenAPI 3.1 with webhooks, or files exported from a catalog. "
        "Nothing is changed before you say so.",
    )
    given = _draw_form()
    if st.button("Preview", icon=":material/search:", type="primary", key="import-read", disabled=not given):
        with st.spinner("Reading …"):
            _read(actor, given)
    preview: Preview | None = st.session_state.get(_PREVIEW)
    if preview is not None:
        _draw_preview(actor, preview)


def _draw_form() -> dict[str, bytes | str]:
    uploaded = st.file_uploader(
        "Files",
        type=list(reading.KINDS),
        accept_multiple_files=True,
        max_upload_size=MAX_BYTES // 1024 // 1024,
        key="import-files",
        help=f"Files that belong together, {MAX_BYTES // 1024 // 1024} MB at most. References lead from file to file.",
    )
    pasted = st.text_area("Or paste a document", key="import-text", height=140, placeholder="asyncapi: 3.0.0 …")
    st.text_input(
        "Category of new events that name none",
        key="import-category",
        placeholder="The title of the document",
        width=360,
    )
    given: dict[str, bytes | str] = {file.name: file.getvalue() for file in uploaded}
    return given | ({_PASTED: pasted} if pasted.strip() else {})


def _read(actor: Actor, given: Mapping[str, bytes | str]) -> None:
    """Read and plan once; what is chosen then changes no plan."""
    document = reading.read(given)
    category = st.session_state.get("import-category", "")
    with database.read(actor) as conn:
        plan = imports.plan(conn, tenant=actor.tenant, document=document, category=category)
    st.session_state[_PREVIEW] = Preview(", ".join(given), document.problems, plan)
    st.session_state[_CHOSEN] = {
        change.key for change in plan if change.can_be_chosen and (change.subject == "event" or actor.may("admin"))
    }
    st.session_state.pop(_KIND, None)


def _draw_preview(actor: Actor, preview: Preview) -> None:
    for problem in preview.problems:
        st.warning(escape(problem), icon=":material/warning:")
    if not preview.plan:
        why = "" if preview.problems else f": no event and no schema in {escape(preview.source)}"
        st.info(f"Nothing to import{why}.", icon=":material/info:")
        return
    counts = Counter(change.kind for change in preview.plan)
    kinds = [kind for kind in CHANGE_KINDS if counts[kind]]
    kind: ChangeKind | None = st.pills(
        "Show", kinds, format_func=lambda one: f"{one.capitalize()} ({counts[one]:,})", key=_KIND
    )
    _draw_rows([change for change in preview.plan if kind in (None, change.kind)], f"import-rows-{kind}")
    chosen = _chosen(preview)
    events = sum(change.subject == "event" for change in chosen)
    schemas = len(chosen) - events
    refusal = _refusal(actor, chosen)
    st.button(
        f"Import {plural(events, 'event')}" + (f", {plural(schemas, 'schema')}" if schemas else ""),
        icon=":material/check:",
        type="primary",
        key="import-apply",
        disabled=refusal is not None or not chosen,
        help=refusal,
        on_click=guard.callback(_apply),
        args=(actor, preview),
    )
    guard.say_why(refusal)


def _draw_rows(shown: Sequence[PlannedChange], key: str) -> None:
    """A row a change, with a box to tick; others than new and changed ones stay out whatever is ticked."""
    chosen = st.session_state[_CHOSEN]
    rows = [
        {
            "Import": change.key in chosen,
            "Result": change.kind.capitalize(),
            "Event or schema": change.name,
            "Name": change.title,
            "Changes": _changes(change),
            "Reason": change.reason,
            "Place": change.place,
        }
        for change in shown
    ]
    frame = pd.DataFrame(rows)
    st.data_editor(
        frame,
        key=key,
        hide_index=True,
        num_rows="fixed",
        disabled=[str(name) for name in frame.columns if name != "Import"],
        column_config={
            "Import": st.column_config.CheckboxColumn(width=70, help="Takes effect for new and changed ones"),
            "Result": st.column_config.TextColumn(width=96),
            "Reason": st.column_config.TextColumn(width=420),
        },
        on_change=guard.callback(_tick),
        args=(key, [change.key for change in shown]),
    )


def _tick(key: str, shown: Sequence[str]) -> None:
    """Callback: remember what was ticked, whichever rows are shown next."""
    for row, edit in st.session_state[key]["edited_rows"].items():
        if edit.get("Import"):
            st.session_state[_CHOSEN].add(shown[int(row)])
        else:
            st.session_state[_CHOSEN].discard(shown[int(row)])


def _changes(change: PlannedChange) -> str:
    told = ", ".join(name.replace("_", " ") for name in change.changes)
    return f"{told} ({_VERDICTS[change.verdict]})" if change.verdict else told


def _chosen(preview: Preview) -> list[PlannedChange]:
    chosen = st.session_state[_CHOSEN]
    return [change for change in preview.plan if change.can_be_chosen and change.key in chosen]


def _refusal(actor: Actor, chosen: Sequence[PlannedChange]) -> str | None:
    """Why this person may not do it; schemas of the registry need more than events."""
    return guard.refused(actor, "admin" if any(change.subject == "schema" for change in chosen) else "manage")


def _apply(actor: Actor, preview: Preview) -> None:
    """Callback: do what was chosen, say so, and be ready for the next document."""
    chosen = {change.key for change in _chosen(preview)}
    with database.write(actor) as conn:
        result = imports.apply(conn, actor, plan=preview.plan, chosen=chosen, source=preview.source)
    said = f"Imported {plural(len(result.new), 'new event')} and {plural(len(result.changed), 'changed one')}"
    if result.registered:
        said += f", registered {plural(len(result.registered), 'schema')}"
    guard.tell(f"{said}.", icon=":material/check_circle:", lasting=True)
    del st.session_state[_PREVIEW]
