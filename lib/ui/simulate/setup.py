"""What is sent besides the payload: where it starts from, the correlation key, and the schema it claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.entries import CatalogEntry
from lib.events import correlation, saved_cases, simulation
from lib.events.saved_cases import SavedCase
from lib.sandbox import sampling
from lib.sandbox.sampling import SchemaSample
from lib.schemas import JsonSchema
from lib.schemas.form import ABSENT
from lib.ui.catalog import cards
from lib.ui.components import choices, guard, links, tab_title, viewer_time
from lib.ui.components.text import code, escape, plain
from lib.ui.simulate import payload_editor

#: What every key of the page's widgets and of what it remembers begins with.
PREFIX = "simulate-"
_CHOICE = f"{PREFIX}event"


@dataclass(frozen=True)
class Setup:
    """Everything the page knows about the event before it is drawn."""

    entry: CatalogEntry
    schema_ref: str | None
    schema: JsonSchema | None
    initial: Any
    #: Why the initial payload may not fit its schema; None where nothing is known against it.
    problem: str | None
    cases: list[SavedCase]

    @property
    def key(self) -> str:
        """Prefix of the widgets of this event's form; another schema is another form."""
        return _form_key(self.entry.event_type, self.schema_ref)

    @property
    def overridden_ref(self) -> str | None:
        """The schema ref to submit, None where it is the catalog's."""
        return self.schema_ref if self.schema_ref != self.entry.payload_schema_ref else None


def load(actor: Actor, entry: CatalogEntry) -> Setup:
    """Read what the page needs; the schema is the overriding one if one was picked."""
    event_type = entry.event_type
    guard.forget_of_others(actor, PREFIX)
    _follow_catalog(entry)
    with database.read(actor) as conn:
        picked = st.session_state[_ref_key(event_type)] or entry.payload_schema_ref
        schema = entry.schema
        if picked and picked != entry.payload_schema_ref:
            schema = schema_registry.schema(conn, tenant=actor.tenant, ref=picked)
        cases = saved_cases.of_event(conn, tenant=actor.tenant, event_type=event_type)
        if _key_key(event_type) not in st.session_state:
            remembered = simulation.remembered_key(conn, actor, event_type=event_type)
            st.session_state[_key_key(event_type)] = remembered or ""
    start = SchemaSample(entry.example) if entry.example is not None else _sample(schema)
    setup = Setup(entry, picked, schema, start.value, start.problem, cases)
    _start_from_event(actor, setup)
    return setup


def draw_head(actor: Actor, setup: Setup) -> None:
    """Which event is simulated, the choice of another, and the ways to what else there is of it."""
    entry = setup.entry

    def choose() -> None:
        for name in ("fromEvent", "sent"):  # they are of the type before
            st.query_params.pop(name, None)
        st.query_params["eventType"] = st.session_state[_CHOICE]

    tab_title.name(entry.name, "Simulate")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(f"{cards.category_icon(entry.category)} Simulate {escape(entry.name)}", anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            events = choices.events(actor, key=_CHOICE, chosen=[entry.event_type])
            st.session_state[_CHOICE] = entry.event_type
            st.selectbox(
                "Event",
                list(events),
                key=_CHOICE,
                on_change=guard.callback(choose),
                width=320,
                format_func=lambda t: f"{events[t]} · {t}",
                label_visibility="collapsed",
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(
            f"{code(entry.event_type)} {cards.badges(entry.status, entry.source, entry.schema_state)} "
            f":small[{code(setup.schema_ref or 'no schema ref')}]",
            width="content",
        )
        links.page_link(
            "event.py", label="Event details", icon=":material/bolt:", query_params={"eventType": entry.event_type}
        )
        links.page_link(
            "metrics.py", label="Metrics", icon=":material/monitoring:", query_params={"eventType": entry.event_type}
        )
    if setup.problem:
        st.caption(f":orange[:material/hourglass_disabled:] {plain(setup.problem)}")


def draw_prefill(actor: Actor, setup: Setup) -> None:
    """Offer to start from an example, a sample, the last recorded payload, a saved case, or nothing."""
    saved = {f"Test case: {case.name}": case for case in setup.cases}
    options = ["Example", "Generated sample", "Last recorded payload", *saved, "Empty payload"]
    choice = st.menu_button("Fill with", options, icon=":material/ink_pen:", key=f"{setup.key}-fill", format_func=plain)
    if choice == "Example":
        payload_editor.fill(setup.key, setup.initial)
    elif choice == "Generated sample":
        made = _sample(setup.schema)
        payload_editor.fill(setup.key, made.value)
        if made.problem:
            st.toast(made.problem, icon=":material/hourglass_disabled:")
    elif choice == "Last recorded payload":
        _fill_with_last(actor, setup)
    elif choice == "Empty payload":
        payload_editor.fill(setup.key, ABSENT)
    elif choice in saved:
        use_case(setup, saved[choice])
        st.rerun()  # the schema that was read may be another one


def use_case(setup: Setup, case: SavedCase) -> None:
    """Put a saved case into the form, which is that of the schema it was saved under; works as a callback."""
    entry = setup.entry
    ref = case.schema_ref or entry.payload_schema_ref
    st.session_state[_ref_key(entry.event_type)] = ref
    payload_editor.fill(_form_key(entry.event_type, ref), case.payload)
    st.session_state[_key_key(entry.event_type)] = case.correlation_key or ""


def set_correlation_key(setup: Setup, value: object) -> None:
    """Callback: put a correlation key into its field."""
    st.session_state[_key_key(setup.entry.event_type)] = value if isinstance(value, str) else ""


def draw_correlation_key(setup: Setup) -> str | None:
    """The key to submit; None leaves it to the payload, and the placeholder says what that gives."""
    payload = payload_editor.current(setup.key, setup.initial)
    derived = correlation.derived_key(payload, setup.entry.correlation_paths)
    paths = " or ".join(setup.entry.correlation_paths)
    value = st.text_input(
        "Correlation key",
        key=_key_key(setup.entry.event_type),
        placeholder=derived or "none",
        persist_state="session",
        help="Resumes runs that wait for this event with this key. Left empty, it is taken from the payload"
        + (f" ({escape(paths)}): {code(derived)}." if derived else "; this one has none."),
    )
    return (value or "").strip() or None


def draw_advanced(actor: Actor, setup: Setup) -> bool:
    """Which schema the payload claims, and whether to send it although it does not fit."""
    with st.expander("Advanced", icon=":material/tune:"):
        key = _ref_key(setup.entry.event_type)
        st.selectbox(
            "Payload schema ref",
            choices.refs(actor, key=key, chosen=setup.schema_ref),
            index=None,
            key=key,
            placeholder="No schema",
            persist_state="session",
            help="The catalog's unless you pick another. A different one is recorded as a conflict with the event.",
        )
        return st.toggle(
            "Send although invalid",
            key=f"{setup.key}-although",
            help="An event is recorded whatever its payload; workflows that need a valid one skip it.",
        )


def _follow_catalog(entry: CatalogEntry) -> None:
    """Give the box of the schema refs the catalog's: at first, and when that changes and no other was picked."""
    key, beside = _ref_key(entry.event_type), f"{PREFIX}{entry.event_type}:catalog-ref"
    now, before = entry.payload_schema_ref, st.session_state.get(beside)
    if key not in st.session_state or now != st.session_state[key] == before:
        st.session_state[key] = now
        if before not in (None, now):
            st.toast(
                f"The event's schema was changed. What you typed is in the form of {code(before)}, under Advanced.",
                icon=":material/schema:",
            )
    st.session_state[beside] = now


def _fill_with_last(actor: Actor, setup: Setup) -> None:
    with database.read(actor) as conn:
        last = simulation.last_payload(conn, tenant=actor.tenant, event_type=setup.entry.event_type)
    if last is None:
        st.toast("No event of this type was recorded yet.", icon=":material/info:")
        return
    payload_editor.fill(setup.key, last.payload)
    st.toast(
        f"Filled with the {last.origin} event of {viewer_time.shown(last.created_at)}. Hidden values read "
        "“[redacted]”: replace them before you send.",
        icon=":material/history:",
    )


def _start_from_event(actor: Actor, setup: Setup) -> None:
    """Once: the payload of the event that the URL names, to send it again."""
    asked = st.query_params.get("fromEvent", "")
    if not asked or st.session_state.get(f"{setup.key}:from") == asked:
        return
    st.session_state[f"{setup.key}:from"] = asked
    try:
        event_id = UUID(asked)
    except ValueError:
        return
    with database.read(actor) as conn:
        recorded = simulation.payload_of(
            conn, tenant=actor.tenant, event_id=event_id, event_type=setup.entry.event_type
        )
    if recorded:
        payload_editor.fill(setup.key, recorded.payload)
        st.toast("Filled with the payload of that event; hidden values read “[redacted]”.", icon=":material/history:")


def _sample(schema: JsonSchema | None) -> SchemaSample:
    return SchemaSample({}) if schema is None else sampling.sample(schema)


def _form_key(event_type: str, schema_ref: str | None) -> str:
    return f"{PREFIX}{event_type}-{schema_ref}"


def _key_key(event_type: str) -> str:
    return f"{PREFIX}{event_type}-correlation"


def _ref_key(event_type: str) -> str:
    return f"{PREFIX}{event_type}-ref"
