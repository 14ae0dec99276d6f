"""Who may see a page, and what anybody sees when something goes wrong.

`enter()` runs once at the top of the shell and decides who is looking; `require_entry()` is the first line
of every page and stops one that was reached without it. Errors are caught here and nowhere else in the UI:
ours are shown as the sentence they are, a lost database waits calmly and comes back by itself, and
everything else is logged and shown as a plain apology without details. Callbacks of widgets run before the page
and outside all that, so each that calls the domain is a `callback`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec
from uuid import uuid4

import streamlit as st

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor, Membership
from lib.errors import CatalogError, DatabaseUnavailable, InvalidInput
from lib.ui.components.text import code, escape, shorten
from lib.workflows import records as workflow_records

log = logging.getLogger(__name__)

_P = ParamSpec("_P")

_ACTOR = "actor"
_TOLD = "told"
_UNKNOWN_PERSON = "unknown_person"
_RETRY_SECONDS = 2


def enter() -> Actor:
    """Decide who is looking, let them choose in the sidebar, and remember it for the pages."""
    people = _memberships()
    if not people:
        st.info(
            "There is no tenant yet. Load the demo with `python -m lib.demo`, "
            "or add one with `python -m lib.auth tenant NAME EMAIL`.",
            icon=":material/group_add:",
        )
        st.stop()
    chosen = _choose(people)
    st.session_state[_ACTOR] = chosen.actor()
    st.session_state["actor_is_demo"] = chosen.is_demo
    return chosen.actor()


def require_entry() -> Actor:
    """Who is looking. A page reached past the shell shows nothing but the way in."""
    actor: Actor | None = st.session_state.get(_ACTOR)
    if actor is None:
        st.info("Please enter through the [event catalog](/).", icon=":material/login:")
        st.stop()
    return actor


def is_demo() -> bool:
    """Whether the tenant looked at is an invented one."""
    return bool(st.session_state.get("actor_is_demo"))


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show what goes wrong inside as a message in place of the page, and what callbacks had to say before it."""
    show_told()
    try:
        yield
    except Exception as error:
        show_error(error)


def callback(act: Callable[_P, None]) -> Callable[_P, None]:
    """The same act for a widget's on_click or on_change: what goes wrong in it is said with what is drawn next."""

    @wraps(act)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except Exception as error:
            # It stays for a while: whoever clicked must learn that nothing was changed.
            tell(_sentence(error), icon=":material/error:", lasting=True)

    return guarded


def tell(sentence: str, *, icon: str, lasting: bool = False) -> None:
    """Say this Markdown with what is drawn next: a callback in a dialog may draw nothing itself."""
    said = (sentence, icon, "long" if lasting else "short")
    st.session_state[_TOLD] = [*st.session_state.get(_TOLD, []), said]


def show_told() -> None:
    """Say what callbacks had to say. A dialog that is drawn again alone does so itself."""
    for sentence, icon, duration in st.session_state.pop(_TOLD, []):
        st.toast(sentence, icon=icon, duration=duration)


def show_error(error: Exception) -> bool:
    """Draw the message for an error; returns True, so that Streamlit draws nothing of its own."""
    if isinstance(error, DatabaseUnavailable):
        st.warning(
            "The database does not answer at the moment. This page comes back by itself as soon as it does.",
            icon=":material/cloud_off:",
        )
        _come_back()
    else:
        st.error(_sentence(error), icon=":material/error:")
    return True


def refusal(actor: Actor, workflow: workflow_records.Named) -> str | None:
    """Why this person may not change the workflow, as Markdown; None if they may."""
    sentence = workflow_records.refusal(actor, workflow)
    return sentence and escape(sentence)


def _sentence(error: Exception) -> str:
    """What a person is told, as Markdown; of what nobody thought of, the log has the rest.

    Sentences of ours are text: they repeat names, keys and values that anybody may have chosen.
    """
    if isinstance(error, CatalogError):
        return escape(error.sentence if isinstance(error, InvalidInput) else str(error))
    reference = uuid4().hex[:8]
    log.error("Unexpected error %s", reference, exc_info=error)
    return f"Something went wrong on our side. The log has the details under reference **{reference}**."


@st.fragment(run_every=_RETRY_SECONDS)
def _come_back() -> None:
    if database.answers():
        st.rerun()


@st.cache_data(ttl=5, show_spinner=False)
def _memberships() -> list[Membership]:
    # Everyone of every tenant, on purpose: without sign-in one may act as anyone. Changes show in 5 seconds.
    with database.operate() as conn:
        return actors.memberships(conn)


def _choose(people: list[Membership]) -> Membership:
    labels = {f"{person.name} · {person.tenant_name}": person for person in people}
    asked = st.query_params.get("as")
    if asked is not None:
        st.session_state[_UNKNOWN_PERSON] = None if asked in labels else asked
    with st.sidebar:
        label = st.selectbox(
            "Acting as",
            list(labels),
            key="as",
            bind="query-params",
            on_change=lambda: st.session_state.pop(_UNKNOWN_PERSON, None),
            help="No sign-in is configured, so you choose whom to act as. Permission and data follow the person.",
        )
        person = labels[label]
        if unknown := st.session_state.get(_UNKNOWN_PERSON):
            st.warning(
                f"The address asks for {code(shorten(unknown, 40))}, who is not here. "
                f"You act as {escape(person.name)}.",
                icon=":material/person_off:",
            )
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(f"{person.permission} permission", icon=":material/key:", color="gray")
            if person.is_demo:
                st.badge("Demo data", icon=":material/science:", color="orange", help=DEMO_HELP)
    return person


DEMO_HELP = "This tenant, its people and a month of its traffic are invented. DEMO=0 starts without them."
