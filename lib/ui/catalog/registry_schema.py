"""One schema of the registry: a version with its fields, all versions, who uses them, and two of them compared."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import nearest, schema_registry
from lib.catalog.schema_registry import SchemaUses, SchemaVersion
from lib.schemas import JsonSchema
from lib.ui.catalog import registry_comparison, registry_version
from lib.ui.components import guard, links, schema_view, statuses, viewer_time
from lib.ui.components.text import code, escape, plain, shorten
from lib.ui.components.url_filters import UrlFilters, left_out
from lib.ui.components.url_parameters import Choice

#: Names the schema in the URL.
PARAMETER = "ref"
_VIEWS = {"fields": "Fields", "tree": "Tree", "json": "JSON"}
_VIEW = Choice("schemaView", "View", _VIEWS, default="fields", segmented=True)
_FILTERS = UrlFilters("schema", others=(_VIEW, registry_comparison.READING))
_MOST_USES = 50
_ROLES = {"payload": "takes it as its payload", "trigger": "maps from it"}


def asked_ref() -> str | None:
    """The schema that the URL asks for."""
    return st.query_params.get(PARAMETER)


def open_schema(ref: str) -> None:
    """Callback: go to this schema."""
    registry_comparison.forget()
    st.query_params[PARAMETER] = ref


def _to_list() -> None:
    registry_comparison.forget()
    st.query_params.pop(PARAMETER, None)


def draw(actor: Actor, ref: str) -> None:
    """Draw the schema with this ref, or say that there is none."""
    st.button("Schemas", icon=":material/arrow_back:", type="tertiary", on_click=guard.callback(_to_list))
    family = schema_registry.family_of(ref)
    with database.read(actor) as conn:
        versions = schema_registry.versions(conn, tenant=actor.tenant, family=family)
        refs = [one.schema_ref for one in versions]
        shown = ref if ref in refs else next(iter(refs), None)
        schema = schema_registry.schema(conn, tenant=actor.tenant, ref=shown) if shown else None
        uses = schema_registry.uses(conn, tenant=actor.tenant, refs=refs)
    if shown is None or schema is None:
        _draw_unknown(actor, ref)
        return
    _FILTERS.begin()
    view = _draw_head(actor, family, versions, shown)
    _FILTERS.draw_complaints()
    if shown != ref:
        st.warning(left_out(PARAMETER, ref, "not one of its versions"), icon=":material/link_off:")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_schema(schema, view)
    with right:
        _draw_uses(shown, uses)
        _draw_versions(versions, shown, uses)
    registry_comparison.draw(actor, versions, shown, _FILTERS)


def _draw_head(actor: Actor, family: str, versions: Sequence[SchemaVersion], shown: str) -> str:
    """Draw the name and what one can do; how the schema is to be drawn."""
    version = next(one for one in versions if one.schema_ref == shown)
    st.title(escape(family), anchor=False)
    number = f"version {version.version} of {len(versions)}" if version.version else "no version"
    said = f"{statuses.SCHEMA_KIND[version.kind].badge()}  {number}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(said, width="content")
        view = _FILTERS.choose(_VIEW) or "fields"
        if version.inline_of is not None:
            links.page_link(
                "event.py",
                label=plain(version.inline_of),
                icon=":material/bolt:",
                query_params={"eventType": version.inline_of},
            )
        else:
            registry_version.draw_button(actor, label="New version", versions=versions)
    if version.inline_of is None:
        registry_version.say_why(actor, versions)
    return view


def _draw_schema(schema: JsonSchema, view: str) -> None:
    if view == "tree":
        st.header("Payload schema", anchor=False)
        st.json(schema, expanded=2)
    elif view == "json":
        st.header("Payload schema", anchor=False)
        schema_view.draw_text(schema)
    else:
        schema_view.draw(schema, None)


def _draw_uses(shown: str, uses: SchemaUses) -> None:
    st.header("Used by", anchor=False)
    events = [one for one in uses.events if one[0] == shown]
    workflows = [one for one in uses.workflows if one.schema_ref == shown]
    if not events and not workflows:
        st.caption("No event carries this version, and no workflow takes it.")
    for _, event_type, name in events[:_MOST_USES]:
        links.page_link(
            "event.py",
            label=plain(name),
            icon=":material/bolt:",
            query_params={"eventType": event_type},
            help=event_type,
        )
    roles: dict[tuple[str, str], list[str]] = {}
    for use in workflows:
        roles.setdefault((str(use.workflow_id), use.name), []).append(_ROLES[use.role])
    for (workflow_id, name), said in list(roles.items())[:_MOST_USES]:
        links.page_link(
            "designer.py",
            label=f"{escape(name)} :small[:gray[{' and '.join(said)}]]",
            icon=":material/account_tree:",
            query_params={"workflowId": workflow_id},
        )
    left_out = max(len(events) - _MOST_USES, 0) + max(len(roles) - _MOST_USES, 0)
    if left_out:
        st.caption(f"and {left_out:,} more")


def _draw_versions(versions: Sequence[SchemaVersion], shown: str, uses: SchemaUses) -> None:
    st.header("Versions", anchor=False)
    used = {ref for ref, _, _ in uses.events} | {use.schema_ref for use in uses.workflows}
    for one in versions[:_MOST_USES]:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.button(
                plain(one.schema_ref),
                key=f"version-{one.schema_ref}",
                type="tertiary",
                icon=f":material/radio_button_{'checked' if one.schema_ref == shown else 'unchecked'}:",
                on_click=guard.callback(open_schema),
                args=(one.schema_ref,),
            )
            by = f" by {escape(one.created_by)}" if one.created_by else ""
            unused = "" if one.schema_ref in used else " · unused"
            st.caption(f"{viewer_time.shown(one.created_at)}{by}{unused}", width="content")
    if len(versions) > _MOST_USES:
        st.caption(f"and {len(versions) - _MOST_USES:,} earlier ones")


def _draw_unknown(actor: Actor, ref: str) -> None:
    with database.read(actor) as conn:
        known = schema_registry.refs(conn, tenant=actor.tenant)
    near = nearest.names(ref, known, limit=5)
    st.title(escape(shorten(ref, 80)), anchor=False)
    with st.container(border=True):
        st.markdown(f":material/search_off: There is no schema {code(ref[:80])} in the registry.")
        if near:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption("Did you mean", width="content")
                for one in near:
                    st.button(plain(one), key=f"near-{one}", on_click=guard.callback(open_schema), args=(one,))
