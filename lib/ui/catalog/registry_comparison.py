"""Two schemas compared: the verdict, each finding with its place, and the workflows whose mappings break."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.schema_registry import SchemaVersion
from lib.schemas import compatibility
from lib.schemas.compatibility import READINGS, Comparison, CompatibilityFinding, Direction, Reading
from lib.ui.components import guard, links, statuses
from lib.ui.components.text import code, escape, plural
from lib.ui.components.url_filters import UrlFilters, left_out
from lib.ui.components.url_parameters import Choice
from lib.workflows import schema_impact
from lib.workflows.schema_impact import BrokenMapping

READING: Choice[Reading] = Choice(
    "reading",
    "Reading",
    {READINGS[0]: "Optional-friendly", READINGS[1]: "Strict"},
    default=READINGS[0],
    segmented=True,
    help="Strict, as Confluent's registry reads: a field that is declared anew breaks, since anything may have stood "
    "under its name. Optional-friendly: it breaks nothing as long as it need not be there.",
)
_OLD, _NEW = "from", "to"
_MOST_TOLD = 100
_MEANING = {
    "FULL": "Readers of either version can read what was made for the other.",
    "BACKWARD": "Readers of the new version can read old events. Readers of the old one may fail on new events.",
    "FORWARD": "Readers of the old version can read new events. Readers of the new one may fail on old events.",
    "BREAKING": "Neither version's readers can be sure to read what was made for the other.",
}
_BREAKS: dict[Direction, str] = {
    "backward": "Old events may not fit the new version",
    "forward": "New events may not fit the old version",
}


def draw(actor: Actor, versions: Sequence[SchemaVersion], shown: str, filters: UrlFilters) -> None:
    """Draw the choice of two versions and how they stand to each other."""
    if len(versions) < 2:
        return
    st.header("Compare versions", anchor=False)
    refs = [one.schema_ref for one in versions]
    place = min(refs.index(shown), len(refs) - 2)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        old = _choose(_OLD, "Old version", refs, refs[place + 1])
        new = _choose(_NEW, "New version", refs, refs[place])
        reading = filters.choose(READING) or READINGS[0]
    with database.read(actor) as conn:
        schemas = schema_registry.exact(conn, tenant=actor.tenant, refs=(old, new))
        broken = schema_impact.broken_mappings(conn, tenant=actor.tenant, old_ref=old, new_ref=new)
    draw_comparison(compatibility.compare(schemas[old], schemas[new]), reading)
    draw_broken(broken)


def forget() -> None:
    """For callbacks that go to another schema: no versions are chosen there."""
    for parameter in (_OLD, _NEW):
        st.query_params.pop(parameter, None)


def _choose(parameter: str, label: str, refs: list[str], default: str) -> str:
    """Draw the choice of a version. The URL keeps it, but only beside the schema that it is one of."""
    asked = st.query_params.get(parameter)
    if asked is not None and asked not in refs:
        st.warning(left_out(parameter, asked, "not one of its versions"), icon=":material/link_off:")
    current = asked if asked in refs else default
    key = f"{parameter}-{current}"  # a new default makes a new widget

    def changed() -> None:
        st.query_params[parameter] = st.session_state[key]

    chosen = st.selectbox(label, refs, index=refs.index(current), key=key, width=260, on_change=guard.callback(changed))
    return chosen or current


def draw_comparison(found: Comparison, reading: Reading) -> None:
    """Draw the verdict in a reading, and what it comes from."""
    verdict = found.verdict(reading)
    st.markdown(f"{statuses.COMPATIBILITY[verdict].badge()}  {_MEANING[verdict]}")
    findings = found.of(reading)
    if reading != "strict" and found.verdict("strict") != verdict:
        strict = statuses.COMPATIBILITY[found.verdict("strict")]
        st.caption(f"In the strict reading: {strict.word}")
    told = [(direction, [one for one in findings if one.breaks == direction]) for direction in _BREAKS]
    told = [(direction, some) for direction, some in told if some]
    for column, (direction, some) in zip(st.columns(max(len(told), 1), gap="medium"), told, strict=False):
        with column, st.container(border=True, gap="xsmall"):
            st.markdown(f"**{_BREAKS[direction]}** :gray[· {plural(len(some), 'finding')}]")
            for one in some[:_MOST_TOLD]:
                st.markdown(_said(one))
            if len(some) > _MOST_TOLD:
                st.caption(f"and {len(some) - _MOST_TOLD:,} more")


def draw_broken(broken: Sequence[BrokenMapping]) -> None:
    """Draw the published workflows whose mappings break."""
    if not broken:
        st.caption(":material/check_circle: No mapping of a published workflow breaks.")
        return
    st.markdown(
        f"{statuses.SEVERITY['warning'].mark} **{plural(len(broken), 'published workflow')}** would read in vain:"
    )
    for one in broken[:_MOST_TOLD]:
        reads = ", ".join(f"{code(read.field)} ({read.change})" for read in one.reads)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            links.page_link(
                "designer.py",
                label=escape(one.name),
                icon=":material/account_tree:",
                query_params={"workflowId": str(one.workflow_id)},
            )
            st.markdown(f":small[on {code(one.event_type)}: {reads}]", width="content")


def _said(one: CompatibilityFinding) -> str:
    """A finding as a sentence; small below it, where it is, and what the registry calls it, in words that may wrap."""
    name = one.name.replace("_", " ").capitalize()
    strict = " :gray-badge[strict only]" if one.only_strict else ""
    return f"{escape(one.sentence)}{strict}  \n:small[{code(one.place or '/')} :gray[· {escape(name)}]]"
