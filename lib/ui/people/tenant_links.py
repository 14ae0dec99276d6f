"""Which of their tenants somebody looks at. The URL names it, so that a link opens in the right one for everybody.

Two tabs may show two tenants. A link to a tenant that one is not in reads as one to a tenant that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.auth.actors import Membership
from lib.ui.components import guard, links
from lib.ui.components.text import plain
from lib.ui.people import doorstep

_KEPT = "tenant_of_tab"
_BOX = "tenant_box"


def opened(memberships: Sequence[Membership]) -> Membership:
    """The membership in the tenant that the URL names, else in that of this tab, else the first.

    Where the URL names another tenant, the page says so and stops.
    """
    written = st.query_params.get(links.TENANT)
    if written:
        found = _named(memberships, written)
        if found is None:
            _draw_foreign(memberships[0])
            guard.stop()
    else:
        found = next((one for one in memberships if one.tenant == kept()), memberships[0])
    keep(found)
    return found


def kept() -> UUID | None:
    """The tenant that this tab showed last."""
    tenant: UUID | None = st.session_state.get(_KEPT)
    return tenant


def keep(person: Membership) -> None:
    """This tab shows the person's tenant from now on, and its URL says so."""
    st.session_state[_KEPT] = person.tenant
    if st.query_params.get(links.TENANT) != str(person.tenant):
        st.query_params[links.TENANT] = str(person.tenant)


def draw_box(memberships: Sequence[Membership], person: Membership) -> None:
    """The box in which somebody of several tenants goes to another one."""
    names = {one.tenant: one.tenant_name for one in memberships}
    if len(names) < 2:
        return

    def switch() -> None:
        leave_rest()
        st.query_params[links.TENANT] = str(st.session_state[_BOX])

    st.session_state[_BOX] = person.tenant  # the URL decides, also after Back
    st.selectbox(
        "Tenant",
        list(names),
        key=_BOX,
        format_func=lambda tenant: plain(names[tenant]),
        on_change=guard.callback(switch),
        help="You belong to several tenants. Each tab of your browser shows one of them, and its address says which.",
    )


def leave_rest() -> None:
    """Take out of the URL what names things of the tenant that is left."""
    for name in list(st.query_params):
        try:
            del st.query_params[name]
        except (StreamlitAPIException, KeyError):
            continue  # it is bound to a widget, which reads it anew


def _named(memberships: Sequence[Membership], written: str) -> Membership | None:
    """The one whose tenant has this id, or alone has this name."""
    try:
        sought = UUID(written)
    except ValueError:
        named = [one for one in memberships if one.tenant_name.casefold() == written.casefold()]
        return named[0] if len({one.tenant for one in named}) == 1 else None
    return next((one for one in memberships if one.tenant == sought), None)


def _draw_foreign(own: Membership) -> None:
    said = "This link is for a tenant that you do not belong to. Whoever sent it to you can tell you its admins."
    way = f"Open {plain(own.tenant_name)}"
    if doorstep.draw("Not your tenant", said, way, icon=":material/arrow_forward:", key="open-own-tenant"):
        leave_rest()
        keep(own)
        st.rerun()
