"""The way in with sign-in: a person whom the provider or the proxy vouches for, and whose sign-in of ours stands.

Whoever is not let in gets one calm page and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth import sessions, sign_in_settings
from lib.auth.actors import Membership
from lib.auth.sessions import Identity, SignIn
from lib.errors import SignInRefused, SignInUnavailable
from lib.settings import settings
from lib.ui.components import guard
from lib.ui.components.text import escape, plural
from lib.ui.people import acting_as, doorstep, tenant_links, vouched

#: What the page is told after the provider was asked in vain; see cookies.
PARAMETER = "signIn"
_FOUND = "sign_in_found"
_SIGN_OUT = "sign-out"
_UNAVAILABLE = "The sign-in service does not answer at the moment. Please try again in a few minutes."
_SAID = {"unavailable": _UNAVAILABLE, "failed": "You were not signed in. Please try again."}
_OVER = {
    "ended": "You are signed out.",
    "expired": "Your sign-in is over, as it began {hours} ago.",
    "idle": "Your sign-in is over, as it was not used for {idle}.",
}


@dataclass(frozen=True)
class _Found:
    """How the sign-in stands, as it was asked in one script run."""

    run: object
    proof: bytes
    sign_in: SignIn | None


def is_configured() -> bool:
    """Whether people sign in here."""
    return settings().auth in ("oidc", "proxy")


def current() -> UUID | None:
    """The sign-in of whoever looks at the page."""
    found: _Found | None = st.session_state.get(_FOUND)
    return found.sign_in.sign_in_id if found and found.sign_in else None


def choose() -> Membership:
    """Who is looking, in the tenant that they look at. Where nobody is, draw how to sign in, and stop the page."""
    identity = _identity()
    sign_in = _stands(identity, in_use=True) or _begin(identity)
    if sign_in.state != "open":
        hours, idle = (plural(n, "hour") for n in (settings().session_hours, settings().session_idle_hours))
        _draw_way_in(_OVER[sign_in.state].format(hours=hours, idle=idle))
    if not sign_in.memberships:
        _draw_unknown(identity)
    person = tenant_links.opened(sign_in.memberships)
    if person.tenant in sign_in.closed:
        _draw_way_in(f"Your session in {escape(person.tenant_name)} was ended. Sign in again to go on.")
    if person.tenant not in sign_in.entered:
        address, browser = vouched.where()
        with database.write(person) as conn:
            sessions.enter(conn, person.actor(), sign_in=sign_in, address=address, browser=browser)
    if st.session_state.get(_SIGN_OUT):  # it was pressed, so nothing of the page is drawn any more
        _sign_out(identity)
    return person


def draw(person: Membership) -> None:
    """Draw who is looking, with their other tenants and the way out."""
    found: _Found = st.session_state[_FOUND]
    assert found.sign_in is not None  # or they would not have been let in
    tenant_links.draw_box(found.sign_in.memberships, person)
    st.markdown(f"**{escape(person.name)}**  \n{escape(person.tenant_name)}")
    with st.container(horizontal=True, gap="xsmall"):
        acting_as.draw_badges(person)
    if st.button("Sign out", icon=":material/logout:", key=_SIGN_OUT, type="tertiary"):
        _sign_out(_identity())  # pressed as the connection was lost: this session knew of no such button


def standing(person: Membership, *, in_use: bool) -> Membership | None:
    """The same person as their membership is now; None when their sign-in, session or membership is over."""
    try:
        sign_in = _stands(vouched.identity(), in_use=in_use, tenant=person)
    except (SignInRefused, SignInUnavailable):
        return None
    return sign_in.standing_in(person.tenant) if sign_in else None


def _identity() -> Identity:
    try:
        return vouched.identity()
    except SignInUnavailable:
        _draw_way_in(_UNAVAILABLE)
    except SignInRefused:
        _draw_way_in(_SAID.get(st.query_params.get(PARAMETER, "")))


def _stands(identity: Identity, *, in_use: bool, tenant: Membership | None = None) -> SignIn | None:
    """How the sign-in stands; asked once in a script run."""
    before: _Found | None = st.session_state.get(_FOUND)
    run = guard.this_run()
    if before and before.run is run and before.proof == identity.proof:
        return before.sign_in
    looked_at = tenant.tenant if tenant else tenant_links.kept()
    with database.write(sessions.NOBODY) as conn:
        found = sessions.signed_in(conn, proof=identity.proof, tenant=looked_at, in_use=in_use, settings=settings())
    st.session_state[_FOUND] = _Found(run, identity.proof, found)
    return found


def _begin(identity: Identity) -> SignIn:
    """The sign-in that this identity begins."""
    with database.operate() as conn:
        sessions.begin(conn, identity=identity, settings=settings())
        belongs = identity.is_verified and sessions.belongs(conn, email=identity.email)
    with database.write(sessions.NOBODY) as conn:
        begun = sessions.signed_in(conn, proof=identity.proof, tenant=None, in_use=False, settings=settings())
    if begun is None and not belongs:
        _draw_unknown(identity)
    if begun is None:  # what this browser has is from an earlier sign-in
        _draw_way_in(_OVER["ended"])
    st.session_state[_FOUND] = _Found(guard.this_run(), identity.proof, begun)
    return begun


def _sign_out(identity: Identity) -> NoReturn:
    """End the sign-in here, and let the provider or the proxy end theirs."""
    with database.operate() as conn:
        sessions.sign_out(conn, proof=identity.proof)
    st.logout()
    guard.stop()


def _draw_way_in(said: str | None) -> NoReturn:
    """The page of somebody who is not signed in."""
    said = said or "Sign in to see the events, workflows and runs of your tenant."
    if doorstep.draw("Workflow Event Catalog", said, "Sign in", icon=":material/login:", key="sign-in", primary=True):
        if settings().auth == "proxy":
            st.logout()  # the proxy asks who they are when they come back
        else:
            st.login()
    guard.stop()


def _draw_unknown(identity: Identity) -> NoReturn:
    """The page of somebody who is signed in with the provider and belongs nowhere."""
    asked = escape(sign_in_settings.contact(settings()))
    who = escape(identity.email) or "somebody without an e-mail address"
    said = f"You are signed in as {who}, who belongs to no tenant here. Please ask {asked} to add you."
    if not identity.is_verified:
        said = f"You are signed in as {who}, and your provider has not verified that address. Please ask {asked}."
    if doorstep.draw("No access yet", said, "Sign out", icon=":material/logout:", key=_SIGN_OUT):
        st.logout()
    guard.stop()
