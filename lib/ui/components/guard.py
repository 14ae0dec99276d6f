"""Who may see a page, and what anybody sees when something goes wrong.

`enter()` runs once at the top of the shell, which hands it the way in. `require_entry()` is the first line
of every page, and stops one that was reached without it. Whether somebody may still be here is asked once in every
script run: at the top of the page, before the callback of a widget, or before a fragment that is drawn again alone. A
callback of somebody whose permission has changed since does nothing, and the page is drawn anew. So every fragment is
made by `fragment`, and every dialog by `dialogs.dialog`. Errors are caught here and nowhere else in the UI:
ours are shown as the sentence they are, a lost database waits calmly and comes back by itself, and
everything else is logged and shown as a plain apology without details. Streamlit runs the callbacks of widgets
before the page and outside its guard. So every widget takes a `callback`, and a test holds that none takes another.

A click begins a new run at once, while the callback of the click before it may still wait for the database, in a thread
of its own. Callbacks of one session therefore run one at a time: none finds what another has half done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import wraps
from threading import RLock
from typing import NoReturn, ParamSpec, Protocol
from uuid import UUID, uuid4

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lib import database
from lib.auth import members
from lib.auth.actors import Actor, Membership, Right
from lib.errors import CatalogError, DatabaseUnavailable, InvalidInput, NotFound
from lib.telemetry import context
from lib.ui.components import kept, viewer_time
from lib.ui.components.text import escape
from lib.workflows import records as workflow_records

log = logging.getLogger(__name__)

_P = ParamSpec("_P")

_PERSON = "person"
_WAY_IN = "way_in"
_ASKED_IN = "asked_in"
_WHEN_STOPPED = "when_stopped"
_CHANGED = "What you may do here has changed, so nothing was done. Please try again."
_TOLD = "told"
_ONE_AT_A_TIME = "one_at_a_time"
_ACTS, _ACTS_DRAWN = "acts", "acts_drawn"
_SAID = "said"
_RETRY_SECONDS = 2
DEMO_HELP = (
    "This tenant, its people and its traffic are invented: a month of it, and a few events a minute while the app "
    "runs. DEMO_EVENTS_PER_MINUTE=0 stops those, DEMO=0 starts without the demo."
)


class Entrance(Protocol):
    """How people say who they are."""

    def choose(self) -> Membership:
        """Who is looking. Draws what is needed to say so, and stops the page, where nobody does."""
        ...

    def draw(self, person: Membership) -> None:
        """Draw who is looking, and how to be somebody else or nobody."""
        ...

    def standing(self, person: Membership, *, in_use: bool) -> Membership | None:
        """The same person as they stand now; None if they may not be here any more. Draws nothing."""
        ...


def enter(way_in: Entrance, *, when_stopped: Callable[[], object]) -> Actor:
    """Find out who is looking, and remember it for the pages. `when_stopped` draws the frame where nobody is let in."""
    st.session_state.setdefault(_ONE_AT_A_TIME, RLock())
    st.session_state[_WAY_IN] = way_in
    st.session_state[_WHEN_STOPPED] = when_stopped
    person = way_in.choose()
    st.session_state[_PERSON] = person
    st.session_state[_ASKED_IN] = this_run()
    actor = _acting(person)
    viewer_time.recall(actor)
    return actor


def draw_person() -> None:
    """Draw who is looking, and the way to be somebody else or nobody."""
    st.session_state[_WAY_IN].draw(st.session_state[_PERSON])


def stop() -> NoReturn:
    """End the page of somebody who is not let in: what was drawn is all there is, and nothing leads on from it."""
    st.session_state.pop(_PERSON, None)
    st.session_state[_WHEN_STOPPED]()
    st.stop()


def require_entry() -> Actor:
    """Who is looking. A page reached past the shell shows nothing but the way in."""
    person: Membership | None = st.session_state.get(_PERSON)
    if person is None:
        st.info("Please enter through the [event catalog](/).", icon=":material/login:")
        st.stop()
    return _acting(person)


def _acting(person: Membership) -> Actor:
    """Who acts, from where, and whom they can ask for more."""
    context.also_about(tenant=person.tenant)
    actor = person.actor(address=st.context.ip_address)
    return actor if actor.may("admin") else replace(actor, ask=_whom_to_ask(tenant=actor.tenant))


def forget_of_others(actor: Actor, prefix: str) -> None:
    """Forget what the session has under keys that begin so, if it is of another person or of another tenant."""
    owner, owned_by = (actor.tenant, actor.user_id), f"{prefix}owner"
    if st.session_state.get(owned_by, owner) != owner:
        for key in [key for key in st.session_state if str(key).startswith(prefix)]:
            del st.session_state[key]
    st.session_state[owned_by] = owner


def tenant_name() -> str:
    """What the tenant looked at is called."""
    person: Membership | None = st.session_state.get(_PERSON)
    return person.tenant_name if person else ""


def is_demo() -> bool:
    """Whether the tenant looked at is an invented one."""
    person: Membership | None = st.session_state.get(_PERSON)
    return person is not None and person.is_demo


def fragment(*, run_every: float | None = None) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """`st.fragment` for those who may still be here; for all others the page is drawn anew.

    One that is drawn again by itself does not count as use: a page that nobody looks at keeps nobody signed in.
    """

    def decorate(draw: Callable[[], None]) -> Callable[[], None]:
        @st.fragment(run_every=run_every)
        @wraps(draw)
        def guarded() -> Exception | None:
            error = draw_if_unchanged(draw, in_use=run_every is None)
            if not error or not is_drawn_alone():
                return error
            show_error(error)
            return None

        @wraps(draw)
        def drawn() -> None:
            # Whoever draws the page around it says what went wrong, once. Streamlit would say it here as well.
            if error := guarded():
                raise error

        return drawn

    return decorate


def draw_if_unchanged(draw: Callable[[], None], *, in_use: bool) -> Exception | None:
    """Draw for those who may still be here, for all others the page anew; what went wrong."""
    acts = st.session_state.get(_ACTS, 0)
    try:
        if not _is_unchanged(in_use=in_use):
            st.rerun()
        show_told()
        with _apart():
            draw()
    except Exception as error:
        return error
    if is_drawn_alone():
        st.session_state[_ACTS_DRAWN] = acts
    return None


def _is_unchanged(*, in_use: bool) -> bool:
    """Whether who looks at the page is still who they were when it was drawn; asked once in a script run."""
    run = this_run()
    if st.session_state.get(_ASKED_IN) is run:
        return True
    person: Membership | None = st.session_state.get(_PERSON)
    way_in: Entrance | None = st.session_state.get(_WAY_IN)
    if way_in is None:
        return True  # drawn by no shell, which asks before it draws anything
    if person is None:
        return False
    now = way_in.standing(person, in_use=in_use)
    if now is None or now.actor() != person.actor():
        return False
    st.session_state[_ASKED_IN] = run
    return True


def is_drawn_alone() -> bool:
    """Whether this run draws some fragments of the page and not all of it."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def this_run() -> object:
    """What this script run has and no other: Streamlit makes its cursors anew at the start of each."""
    context = get_script_run_ctx()
    return context.cursors if context else object()


def place() -> object:
    """Where one is: the page, and all that the URL asks of it."""
    context = get_script_run_ctx()
    return context.page_script_hash if context else "", st.query_params.to_dict()


class _PageEnded(BaseException):
    """A page is drawn, and has more lines. It is no error, so what shows errors lets it pass."""


def end_page() -> NoReturn:
    """End the page here. After `st.stop` nothing could be drawn any more, around the page neither."""
    raise _PageEnded


def draw_to_its_end(page: Callable[[], None]) -> None:
    """Draw the page. Where it ends early or fails, what is to be drawn after it is drawn all the same."""
    acts = st.session_state.get(_ACTS, 0)
    try:
        with errors_shown(), _missing_named():
            page()
    except _PageEnded:
        pass
    st.session_state[_ACTS_DRAWN] = acts


@contextmanager
def _missing_named() -> Iterator[None]:
    """A page has a heading, also where there is nothing of what it was asked for."""
    try:
        yield
    except NotFound:
        st.title("Not found", anchor=False)
        raise


def note_act() -> None:
    """Something is changed in the session before a page is drawn, as callbacks do."""
    st.session_state[_ACTS] = st.session_state.get(_ACTS, 0) + 1


def has_acted() -> bool:
    """Whether something was changed that no page has been drawn to its end since. The URL may not say it yet."""
    return bool(st.session_state.get(_ACTS, 0) != st.session_state.get(_ACTS_DRAWN, 0))


def goes_back() -> bool:
    """Whether the browser's Back or Forward led here."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show what goes wrong inside as a message in place of the page, and what callbacks had to say before it."""
    show_told()
    try:
        yield
    except Exception as error:
        show_error(error)


def callback(act: Callable[_P, object]) -> Callable[_P, None]:
    """The same act for a widget's on_click or on_change: what goes wrong in it is said with what is drawn next."""

    @wraps(act)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            with one_at_a_time():
                note_act()
                if _is_unchanged(in_use=True):
                    act(*args, **kwargs)
                elif st.session_state.get(_PERSON):
                    tell(_CHANGED, icon=":material/lock_reset:", lasting=True)
        except Exception as error:
            # It stays for a while: whoever clicked must learn that nothing was changed.
            tell(_sentence(error), icon=":material/error:", lasting=True)

    return guarded


def one_at_a_time() -> AbstractContextManager[object]:
    """Wait until no callback of this session is under way, and keep others waiting meanwhile."""
    lock: AbstractContextManager[object] | None = st.session_state.get(_ONE_AT_A_TIME)
    return lock or nullcontext()  # before anybody has entered there is no other callback


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
        st.warning(f"{error} This page comes back by itself.", icon=":material/cloud_off:")
        _come_back()
    else:
        st.error(_sentence(error), icon=":material/error:")
    return True


def refused(actor: Actor, right: Right) -> str | None:
    """Why this person may not do that, and whom to ask, as Markdown; None if they may."""
    return None if actor.may(right) else escape(actor.refusal(right))


def refusal(actor: Actor, workflow: workflow_records.Named) -> str | None:
    """Why this person may not change the workflow, as Markdown; None if they may."""
    sentence = workflow_records.refusal(actor, workflow)
    return sentence and escape(sentence)


def say_why(*refusals: str | None, again: bool = False) -> None:
    """Say below buttons that are disabled why they are, as Markdown: hovering is not for everyone.

    Each sentence stands once on a page and once in a dialog, below the first buttons that it is about. `again` says it
    all the same, where what was said elsewhere is out of sight, as in a popover.
    """
    for refusal in dict.fromkeys(filter(None, refusals)):
        if note_said(refusal) or again:
            st.caption(f":material/info: {refusal}")


def note_said(refusal: str) -> bool:
    """Take a sentence for said here; whether it was not yet."""
    run, said = st.session_state.get(_SAID, (None, set()))
    if run is not this_run():
        said = set()
        st.session_state[_SAID] = this_run(), said
    is_new = refusal not in said
    said.add(refusal)
    return is_new


@contextmanager
def _apart() -> Iterator[None]:
    """What is drawn inside is a place of its own, whose buttons explain themselves."""
    before = st.session_state.pop(_SAID, None)
    try:
        yield
    finally:
        st.session_state[_SAID] = before or (None, set())


@st.cache_data(ttl=kept.SECONDS, show_spinner=False)
def _whom_to_ask(*, tenant: UUID) -> str:
    # Every disabled button says it, so it is looked up once and not once a button.
    with database.read(_Looker(tenant)) as conn:
        return members.admins(conn, tenant=tenant).sentence


@dataclass(frozen=True)
class _Looker:
    """Whoever looks into a tenant."""

    tenant: UUID


def _sentence(error: Exception) -> str:
    """What a person is told, as Markdown; of what nobody thought of, the log has the rest.

    Sentences of ours are text: they repeat names, keys and values that anybody may have chosen.
    """
    if isinstance(error, CatalogError):
        return escape(error.sentence if isinstance(error, InvalidInput) else str(error))
    reference = uuid4().hex[:8]
    log.error("Unexpected error %s", reference, exc_info=error)
    return f"Something went wrong on our side. The log has the details under reference **{reference}**."


@st.fragment(run_every=_RETRY_SECONDS)  # not `fragment`: it asks the database who is here, which does not answer
def _come_back() -> None:
    if database.answers():
        st.rerun()
