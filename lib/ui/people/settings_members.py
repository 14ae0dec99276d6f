"""Members of the tenant: who there is, adding one, changing what one may, removing one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from lib.auth import members
from lib.auth.actors import Actor, Permission
from lib.auth.members import Member
from lib.auth.tokens import Token
from lib.ui.components import dialogs, guard, statuses, table
from lib.ui.components.text import code, escape, plural

_PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
_MEANS: dict[Permission, str] = {
    "read": "Sees the catalog, metrics, events and runs",
    "manage": "Also simulates events, changes workflows, runs them again",
    "admin": "Also members, tokens, redacted fields, raw payloads",
}


def draw(actor: Actor, people: Sequence[Member], made: Sequence[Token]) -> None:
    """Draw everyone, and the dialog of whoever is chosen."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(f"Members · {len(people)}", anchor=False, width="content")
        if st.button("Add a member", icon=":material/person_add:", type="primary", key="add-member"):
            _add.ask()
    table.draw(
        [_row(one) for one in people],
        {
            "Permission": table.state(statuses.PERMISSION, width=110),
            "E-mail": table.text(width=290),
            "Added": table.moment(),
            "Added by": table.text(width=180),
        },
        key="settings-members",
        way_in=table.WayIn(
            "Name",
            lambda row: member_dialog.ask(people[row].user_id),
            width=220,
            help="Change what they may, or remove them",
        ),
    )
    _add.draw(actor)
    chosen = member_dialog.about
    if member := next((one for one in people if one.user_id == chosen), None):
        theirs = [one for one in made if one.created_by_id == chosen and one.status == "valid"]
        member_dialog.draw(actor, member, theirs)


def _row(member: Member) -> dict[str, object]:
    return {
        "Name": member.name,
        "E-mail": member.email,
        "Permission": member.permission,
        "Added": member.added_at,
        "Added by": member.added_by,
    }


@dialogs.dialog("Add a member", icon=":material/person_add:")
def _add(actor: Actor) -> None:
    st.markdown("They may sign in with this address from now on. No e-mail is sent: tell them yourself.")
    with dialogs.form("add-member-form"):
        email = st.text_input("E-mail", key="member-email", placeholder="ada@example.com")
        name = st.text_input("Name", key="member-name", placeholder="Ada Lovelace")
        permission = _choose_permission("read", key="member-permission")
        press = _add.draw_acts("Add", key="member-save", icon=":material/check:", in_form=True)
    if press:
        with guard.errors_shown():
            added = press.write(
                actor, lambda conn: members.add(conn, actor, email=email, name=name, permission=permission)
            )
            guard.tell(f"{escape(added.name)} belongs to this tenant now.", icon=":material/person_add:")
            _add.end()


@dialogs.dialog("Member", icon=":material/person:")
def member_dialog(actor: Actor, member: Member, made: Sequence[Token]) -> None:
    """In it one changes what a member may, or removes them."""
    you = " :gray[· this is you]" if member.user_id == actor.user_id else ""
    st.markdown(f"**{escape(member.name)}** {code(member.email)}{you}")
    act = st.segmented_control("What to do", ["Change", "Remove"], default="Change", required=True, key="member-act")
    if act == "Remove":
        _draw_removing(actor, member, made)
    else:
        _draw_changing(actor, member)


def _draw_changing(actor: Actor, member: Member) -> None:
    key = f"permission-{member.user_id}"
    seen = dialogs.begun_with(key, member.permission)
    permission = _choose_permission(seen, key=key)
    if press := member_dialog.draw_acts("Save", key="member-change", icon=":material/check:"):
        with guard.errors_shown():
            press.write(
                actor,
                lambda conn: members.change_permission(
                    conn, actor, user_id=member.user_id, permission=permission, expected=seen
                ),
            )
            guard.tell(f"{escape(member.name)} has {permission} permission.", icon=":material/check:")
            member_dialog.end()


def _draw_removing(actor: Actor, member: Member, made: Sequence[Token]) -> None:
    who, whose = ("you", "your") if member.user_id == actor.user_id else ("they", "their")
    st.markdown(
        f"{who.capitalize()} will see nothing of this tenant any more, and how {who} like {whose} pages is forgotten. "
        f"What {who} did stays in the audit trail."
    )
    end_tokens = True
    if made:
        names = ", ".join(escape(one.name) for one in made)
        st.markdown(f"{who.capitalize()} made {plural(len(made), 'API token')} ({names}) and may have kept the text.")
        end_tokens = st.checkbox("Revoke these tokens too", value=True, key="member-tokens")
    if press := member_dialog.draw_acts("Remove", key="member-remove", icon=":material/person_remove:", destroys=True):
        with guard.errors_shown():
            press.write(actor, lambda conn: members.remove(conn, actor, user_id=member.user_id, end_tokens=end_tokens))
            guard.tell(f"{escape(member.name)} was removed.", icon=":material/person_remove:")
            member_dialog.end()


def _choose_permission(now: Permission, *, key: str) -> Permission:
    chosen: Permission | None = st.radio(
        "Permission",
        _PERMISSIONS,
        index=_PERMISSIONS.index(now),
        format_func=str.capitalize,
        captions=[_MEANS[one] for one in _PERMISSIONS],
        key=key,
    )
    return chosen or now
