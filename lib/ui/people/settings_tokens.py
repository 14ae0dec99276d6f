"""API tokens: which there are, making one, changing what one may, putting another in its place, ending one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from lib import database
from lib.auth import tokens
from lib.auth.actors import Actor
from lib.auth.tokens import Token, TokenTerms
from lib.ui.components import choices, dialogs, guard, statuses, table, viewer_time
from lib.ui.components.presses import Press
from lib.ui.components.text import code, escape

#: Key of the session: the token that was just made, until the dialog has shown it.
_MADE = "settings-token-made"
_MAY = {
    "send": ("Send events only", "Posts events; every other call is refused. Right for most senders"),
    "read": ("Read", "Reads the catalog and what became of events"),
    "manage": ("Manage", "Reads, and sends events"),
    "admin": ("Admin", "All that the API offers"),
}
_NEVER, _AS_IT_IS = "Never", "As it is"
_EXPIRY = {"In 30 days": timedelta(days=30), "In 90 days": timedelta(days=90), "In a year": timedelta(days=365)}
_OVERLAP = {
    "At once": timedelta(),
    "In 1 hour": timedelta(hours=1),
    "In 24 hours": timedelta(days=1),
    "In 7 days": timedelta(days=7),
    "In 30 days": timedelta(days=30),
}


def draw(actor: Actor, made: Sequence[Token]) -> None:
    """Draw every token, and the dialog of the one that is chosen."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        valid = sum(one.status == "valid" for one in made)
        st.header(f"API tokens · {valid} valid", anchor=False, width="content")
        st.button(
            "Create a token",
            icon=":material/key:",
            type="primary",
            key="create-token",
            on_click=guard.callback(_create.ask),
        )
    _create.draw(actor)
    if token := next((one for one in made if one.token_id == token_dialog.about), None):
        token_dialog.draw(actor, token)
    if not made:
        st.info("No system can send events yet: each needs a token of its own.", icon=":material/key:")
        return
    table.draw(
        [_row(one) for one in made],
        _columns(),
        key="settings-tokens",
        way_in=table.WayIn(
            "Name", lambda row: token_dialog.ask(made[row].token_id), width=165, help="Change, rotate or revoke it"
        ),
    )


def draw_own(made: Sequence[Token]) -> None:
    """Draw tokens of the person who looks, which they may not change here."""
    columns = {"Name": table.text(width=165), **_columns()}
    del columns["By"]
    table.draw_plain(pd.DataFrame([_row(one) for one in made], columns=[*columns]), columns, width="stretch")


def _columns() -> dict[str, table.Column]:
    return {
        "Status": table.state(statuses.TOKEN),
        "May": table.state(statuses.PERMISSION, width=115),
        "Event types": table.text(width=140, help="The types that it may send"),
        "Last used": table.moment(),
        "Expires": table.moment(),
        "By": table.text(width=175, help="Who made it"),
    }


def _row(token: Token) -> dict[str, object]:
    terms = token.terms
    return {
        "Name": token.name,
        "Status": token.status,
        "May": _may(terms),
        "Event types": "any" if terms.event_types is None else ", ".join(terms.event_types),
        "Last used": token.last_used_at,
        "Expires": terms.expires_at,
        "By": token.created_by or "operator",
    }


def _may(terms: TokenTerms) -> str:
    return "send" if terms.send_only else terms.permission


@dialogs.dialog("Create a token", forgets=(_MADE,), icon=":material/key:")
def _create(actor: Actor) -> None:
    if _shows_made(_create):
        return
    terms = _ask_terms(actor, TokenTerms("", "manage", send_only=True), key="new-token")
    if press := _create.draw_acts("Create", key="token-save", icon=":material/key:"):
        _make(actor, press, lambda conn: tokens.create_token(conn, actor, **terms))


@dialogs.dialog("API token", forgets=(_MADE,), width="medium", icon=":material/key:")
def token_dialog(actor: Actor, token: Token) -> None:
    """In it one changes, rotates or revokes a token."""
    if _shows_made(token_dialog):
        return
    st.markdown(f"**{escape(token.name)}** {statuses.TOKEN[token.status].badge()}")
    st.caption(f"Created {viewer_time.shown(token.created_at)} by {escape(token.created_by or 'the operator')}")
    if token.status != "valid":
        st.markdown("It opens nothing any more, and stays in this list so that what it did can be traced.")
        return
    acts = {"Change": _draw_changing, "Rotate": _draw_rotating, "Revoke": _draw_revoking}
    act = st.segmented_control("What to do", list(acts), default="Change", required=True, key="token-act")
    acts[act or "Change"](actor, token)


def _make(actor: Actor, press: Press, make: Callable[[database.Connection], str]) -> None:
    """Make a token, which the dialog shows when it is drawn next, and then nobody any more."""
    with guard.errors_shown():
        st.session_state[_MADE] = press.write(actor, make)
        st.rerun()


def _shows_made(dialog: dialogs.Dialog[...]) -> bool:
    """Show a token that was just made, in place of the form that asked for it; whether there was one."""
    token = st.session_state.pop(_MADE, None)
    if token is None:
        return False
    st.success("Copy the token now: it is shown this once.", icon=":material/content_copy:")
    st.code(token, language=None, wrap_lines=True)
    st.markdown(f"It goes into the header {code('Authorization: Bearer …')} of each call.")
    dialog.draw_acts(
        "Done", key="token-done", icon=":material/check:", cancels=False, on_click=guard.callback(dialog.close)
    )
    return True


def _draw_changing(actor: Actor, token: Token) -> None:
    st.caption("This holds from the next event on. Whoever uses the token need not do anything.")
    key = f"token-{token.token_id}"
    seen = dialogs.begun_with(f"{key}-name", token.terms)
    terms = _ask_terms(actor, seen, key=key)
    if press := token_dialog.draw_acts("Save", key="token-change", icon=":material/check:"):
        with guard.errors_shown():
            press.write(actor, lambda conn: tokens.change(conn, actor, token_id=token.token_id, expected=seen, **terms))
            guard.tell(f"{escape(terms['name'])} was changed.", icon=":material/check:")
            token_dialog.end()


def _draw_rotating(actor: Actor, token: Token) -> None:
    st.markdown(
        "A new token that may do the same takes its place. Give it to whoever uses the old one before that ends."
    )
    overlap = _OVERLAP[st.selectbox("The old one ends", list(_OVERLAP), index=2, key="token-overlap")]
    until = _ask_expiry(None, "The new one expires", key="rotated")
    if press := token_dialog.draw_acts("Rotate", key="token-rotate", icon=":material/sync:"):
        _make(
            actor,
            press,
            lambda conn: tokens.rotate(conn, actor, token_id=token.token_id, overlap=overlap, expires_at=until),
        )


def _draw_revoking(actor: Actor, token: Token) -> None:
    used = f"It was last used {viewer_time.shown(token.last_used_at)}." if token.last_used_at else "It was never used."
    st.markdown(
        f"It ends **at once and for good**, in every process: whoever still uses it gets 401. {used} To replace it "
        "without a gap, rotate it."
    )
    if press := token_dialog.draw_acts("Revoke", key="token-revoke", icon=":material/block:", destroys=True):
        with guard.errors_shown():
            press.write(actor, lambda conn: tokens.revoke(conn, actor, token_id=token.token_id))
            guard.tell(f"{escape(token.name)} was revoked.", icon=":material/block:")
            token_dialog.end()


def _ask_terms(actor: Actor, now: TokenTerms, *, key: str) -> dict[str, Any]:
    """Ask what a token may, beginning with what it may now."""
    name = st.text_input("Name", now.name, key=f"{key}-name", placeholder="Ticket desk", max_chars=100)
    may = st.radio(
        "It may",
        list(_MAY),
        index=list(_MAY).index(_may(now)),
        format_func=lambda one: _MAY[one][0],
        captions=[meaning for _, meaning in _MAY.values()],
        key=f"{key}-may",
    )
    limited: list[str] = []
    if may != "read":
        known = choices.events(actor, key=f"{key}-types", chosen=now.event_types or ())
        limited = st.multiselect(
            "Event types that it may send",
            sorted({*known, *(now.event_types or ())}),
            now.event_types or (),
            key=f"{key}-types",
            placeholder="Any",
        )
    return {
        "name": name,
        "permission": "manage" if may == "send" else may,
        "send_only": may == "send",
        "event_types": limited or None,
        "expires_at": _ask_expiry(now.expires_at, "Expires", key=key),
    }


def _ask_expiry(now: datetime | None, label: str, *, key: str) -> datetime | None:
    choices = [_AS_IT_IS] if now else []
    chosen = st.selectbox(
        label,
        [*choices, _NEVER, *_EXPIRY],
        format_func=lambda one: f"At {viewer_time.shown(now)}" if one == _AS_IT_IS and now else one,
        key=f"{key}-expiry",
    )
    if chosen == _AS_IT_IS:
        return now
    return None if chosen == _NEVER else datetime.now(UTC) + _EXPIRY[chosen]
