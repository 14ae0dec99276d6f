"""Whom a provider or a proxy vouches for, as this browser presents it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import streamlit as st

from lib.auth.proxy_tokens import ProxyTokens
from lib.auth.sessions import Identity, moment, proof_of
from lib.errors import SignInRefused
from lib.settings import settings

#: The cookie by which sign-ins through a proxy are told from each other, one a browser.
BROWSER_COOKIE = "event_catalog_browser"
_BROWSER_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIED = "verified_identity"
_SYSTEMS = (("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"), ("Mac OS", "macOS"))
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))


def identity() -> Identity:
    """Who this browser says is looking.

    Raises SignInRefused for nobody, and SignInUnavailable when that cannot be checked.
    """
    return _by_proxy() if settings().auth == "proxy" else by_provider(st.user.to_dict())


def by_provider(claims: dict[str, Any]) -> Identity:
    """From the claims of the ID token, which Streamlit keeps in a signed cookie. Raises SignInRefused."""
    if not claims.get("is_logged_in"):
        raise SignInRefused
    issuer, subject, issued_at, email = (claims.get(name) for name in ("iss", "sub", "iat", "email"))
    if not (isinstance(issuer, str) and isinstance(subject, str) and isinstance(issued_at, int)):
        raise SignInRefused
    name = claims.get("name")
    return Identity(
        # The nonce is random, and another one for each sign-in.
        proof=proof_of("oidc", issuer, subject, str(claims.get("nonce")), str(issued_at)),
        email=email if isinstance(email, str) else "",
        # Providers spell it in these ways.
        is_verified=claims.get(settings().oidc_verified_claim) in (True, 1, "true", "True", "1"),
        name=name if isinstance(name, str) else "",
        issued_at=moment(issued_at),
    )


def _by_proxy() -> Identity:
    """From the header that the proxy added when the page connected. It is checked once for each connection."""
    headers, cookies = st.context.headers, st.context.cookies
    token, browser = headers.get(settings().proxy_header or "") or "", cookies.get(BROWSER_COOKIE) or ""
    if not _BROWSER_ID.fullmatch(browser):
        raise SignInRefused
    before: tuple[str, str, Identity] | None = st.session_state.get(_VERIFIED)
    if before and before[:2] == (token, browser):
        return before[2]
    found = proxy_tokens().identity(token, browser=browser)
    st.session_state[_VERIFIED] = (token, browser, found)
    return found


@cache
def proxy_tokens() -> ProxyTokens:
    """The checks of this process, which share the proxy's keys."""
    return ProxyTokens(settings())


def where() -> tuple[str, str]:
    """The address and the browser that the page is looked at from."""
    return st.context.ip_address or "this machine", browser_of(st.context.headers.get("User-Agent") or "")


def browser_of(agent: str) -> str:
    """The browser and system that a User-Agent header names: "Firefox on Linux"."""
    browser = next((name for part, name in _BROWSERS if part in agent), "Unknown browser")
    system = next((name for part, name in _SYSTEMS if part in agent), "Linux" if "Linux" in agent else "")
    return f"{browser} on {system}" if system else browser
