"""What one can do with the definition of an event, on its page and in its drawer; and taking a deletion back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import event_types, own_entries
from lib.catalog.entries import DELETED_FOR, CatalogEntry, DeletedEntry, EntryStatus
from lib.catalog.own_entries import OwnEntry
from lib.errors import Conflict
from lib.metrics.time_window import end_of_this_minute
from lib.ui.catalog import own_event_effects
from lib.ui.components import dialogs, guard, viewer_time
from lib.ui.components.text import ago, escape, plural, unbroken
from lib.workflows import own_events
from lib.workflows.own_events import EntryUse

#: Keys of the session: why the last confirmation of a deletion was refused, and that a callback changed the event: a
#: drawer drawn again alone still has it as it was.
_REFUSED, _CHANGED = "delete-refused", "own-event-changed"
#: Deletions as young as this stand above the catalog; older ones are behind a button.
_JUST_NOW = 3600


def draw(actor: Actor, entry: CatalogEntry, *, in_drawer: bool) -> None:
    """Draw the ways to edit, override, copy, deprecate and delete the event. A disabled button says whom to ask."""
    if st.session_state.pop(_CHANGED, False) and in_drawer:
        st.rerun()
    refusal = guard.refused(actor, "manage")
    with database.read(actor) as conn:
        own = own_entries.get(conn, tenant=actor.tenant, event_type=entry.event_type)
        gone = own_entries.deleted(
            conn, tenant=actor.tenant, event_type=entry.event_type, since=datetime.now(UTC) - DELETED_FOR
        )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        name, icon = ("Edit", "edit") if own else ("Override for this tenant", "layers")
        _leads(name, icon, refusal, eventType=entry.event_type)
        _leads("Copy", "content_copy", refusal, copy=entry.event_type)
        if own:
            _draw_own(actor, own, refusal)
    guard.say_why(refusal)
    if gone:
        draw_deleted(actor, [gone])
    if _delete_dialog.about == entry.event_type:
        if in_drawer:  # a dialog cannot open another one, and the drawer is one
            with dialogs.question("delete"):
                _draw_confirmation(actor, entry.event_type, in_drawer=True)
        else:
            _delete_dialog.draw(actor, entry.event_type)


def draw_gone(actor: Actor, event_type: str) -> bool:
    """Say that an event was deleted lately, with the way to bring it back; whether it was."""
    if event_types.problem(event_type):
        return False
    with database.read(actor) as conn:
        since = datetime.now(UTC) - DELETED_FOR
        gone = own_entries.deleted(conn, tenant=actor.tenant, event_type=event_type, since=since)
    if gone:
        draw_deleted(actor, [gone])
    return gone is not None


def draw_just_deleted(actor: Actor, deleted: Sequence[DeletedEntry]) -> None:
    """Draw the deletions of the last hour, below what the catalog says at its top."""
    draw_deleted(actor, [one for one in deleted if _age(one) <= _JUST_NOW], is_told=True)


def draw_deleted_before(actor: Actor, deleted: Sequence[DeletedEntry]) -> None:
    """Draw the deletions before that behind a button."""
    older = [one for one in deleted if _age(one) > _JUST_NOW]
    if older:
        with st.popover(f"Deleted · {len(older)}", icon=":material/restore_from_trash:", type="tertiary"):
            draw_deleted(actor, older)


def draw_deleted(actor: Actor, deleted: Sequence[DeletedEntry], *, is_told: bool = False) -> None:
    """Draw deleted events with the way to bring each back; `is_told` where the page has said who may not."""
    refusal = guard.refused(actor, "manage")
    now = datetime.now(UTC)
    for one in deleted:
        until = one.deleted_at + DELETED_FOR
        with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(
                f":gray[:material/delete:] **{escape(one.name)}** was deleted by "
                f"{escape(one.deleted_by or 'someone who has left')}, {ago(one.deleted_at, now)}. "
                f"Undo works until {unbroken(viewer_time.clock(until, '%Y-%m-%d %H:%M'))} {viewer_time.zone().key}.",
                width="stretch",
            )
            st.button(
                "Undo",
                icon=":material/undo:",
                key=f"restore-{one.event_type}",
                disabled=refusal is not None,
                help=refusal,
                on_click=guard.callback(_restore),
                args=(actor, one.event_type),
            )
    if deleted and not is_told:
        guard.say_why(refusal)


def _leads(label: str, icon: str, refusal: str | None, **query: str) -> None:
    """A button that leads to the page that defines events."""
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"define-from-{'-'.join(query)}",
        type="tertiary",
        disabled=refusal is not None,
        help=refusal,
        on_click=guard.callback(st.switch_page),
        args=("define.py",),
        kwargs={"query_params": query},
    )


def _draw_own(actor: Actor, own: OwnEntry, refusal: str | None) -> None:
    is_deprecated = own.status == "deprecated"
    _act(
        "Activate" if is_deprecated else "Deprecate",
        "play_circle" if is_deprecated else "block",
        refusal,
        _set_status,
        (actor, own, "active" if is_deprecated else "deprecated"),
    )
    _act("Delete", "delete", refusal, _delete_dialog.ask, (own.event_type,))


def _act(label: str, icon: str, refusal: str | None, callback: Callable[..., None], args: tuple[Any, ...]) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"own-event-{label.lower()}",
        type="tertiary",
        disabled=refusal is not None,
        help=refusal,
        on_click=guard.callback(callback),
        args=args,
    )


@dialogs.dialog("Delete event", forgets=(_REFUSED,), width="large", icon=":material/delete:")
def _delete_dialog(actor: Actor, event_type: str) -> None:
    _draw_confirmation(actor, event_type, in_drawer=False)


def _draw_confirmation(actor: Actor, event_type: str, *, in_drawer: bool) -> None:
    with guard.errors_shown():
        if refused := st.session_state.get(_REFUSED):
            st.warning(escape(refused), icon=":material/sync_problem:")
        with database.read(actor) as conn:
            own = own_entries.get(conn, tenant=actor.tenant, event_type=event_type)
            if own is None:
                st.info("This event is not in the catalog any more.")
                return
            use = own_events.use(conn, tenant=actor.tenant, event_type=event_type, now=end_of_this_minute())
        _draw_use(own, use)
        # A callback is given what was drawn before the click: the version that the person looked at.
        _delete_dialog.draw_acts(
            "Deprecate" if use.keeps_it else "Delete",
            key="confirm-delete",
            icon=":material/block:" if use.keeps_it else ":material/delete:",
            destroys=not use.keeps_it,
            on_click=guard.callback(_delete),
            args=(actor, own, in_drawer),
        )


def _draw_use(own: OwnEntry, use: EntryUse) -> None:
    name = f"**{escape(own.name)}**"
    if use.overrides:
        st.markdown(f"{name} will be deleted, and the system's event takes its place again.")
    elif use.keeps_it:
        st.markdown(f"{name} is in use, so it will be deprecated instead of deleted: nothing of it is lost.")
    else:
        st.markdown(f"{name} will be deleted. You can undo this for {DELETED_FOR.days} days.")
    traffic = f"{plural(use.events, 'live event')} came of it, {use.recent_events:,} of them in the last 7 days."
    st.markdown(f":material/bolt: {traffic if use.events else 'No live event of this type came.'}")
    if use.awaited_by:
        st.markdown(f":material/hourglass_top: {', '.join(map(escape, use.awaited_by))} may wait for it.")
    if use.waiting_runs:
        wait = "waits" if use.waiting_runs == 1 else "wait"
        st.markdown(f":material/hourglass_top: {plural(use.waiting_runs, 'run')} {wait} for it now.")
    if not use.attached:
        st.markdown(":material/account_tree: No workflow is attached.")
    elif use.overrides:
        own_event_effects.draw(use.attached)
    else:
        names = ", ".join(f"**{escape(one.name)}**" for one in use.attached)
        st.markdown(f":material/account_tree: Attached: {names}.")


def _delete(actor: Actor, seen: OwnEntry, in_drawer: bool) -> None:
    """Callback: delete as it was said; if somebody changed the event since, it has to be confirmed again."""
    try:
        with database.write(actor) as conn:
            done = own_events.delete(conn, actor, event_type=seen.event_type, expected_version=seen.version)
    except Conflict as refused:  # said where the person looks: in the dialog
        st.session_state[_REFUSED] = str(refused)
        return
    _delete_dialog.close()
    guard.tell(f"{escape(seen.name)} is {done}.", icon=":material/delete:")
    st.session_state[_CHANGED] = True
    if in_drawer and done == "deleted":
        st.query_params.pop("eventType", None)  # the catalog behind offers to undo it


def _set_status(actor: Actor, seen: OwnEntry, status: EntryStatus) -> None:
    with database.write(actor) as conn:
        own_events.set_status(conn, actor, event_type=seen.event_type, status=status, expected_version=seen.version)
    st.session_state[_CHANGED] = True
    guard.tell(f"{escape(seen.name)} is {status} now.", icon=":material/check:")


def _restore(actor: Actor, event_type: str) -> None:
    with database.write(actor) as conn:
        own_events.restore(conn, actor, event_type=event_type)
    st.session_state[_CHANGED] = True
    guard.tell("It is back as it was.", icon=":material/undo:")


def _age(deleted: DeletedEntry) -> float:
    return (datetime.now(UTC) - deleted.deleted_at).total_seconds()
