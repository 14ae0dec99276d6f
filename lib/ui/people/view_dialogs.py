"""The dialogs of saved views: one keeps what the URL asks for as a view, the other changes and deletes views."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth import saved_views
from lib.auth.actors import Actor
from lib.auth.saved_views import Parameters, SavedView
from lib.ui.components import dialogs, guard, links
from lib.ui.components.text import escape, one_line, plain
from lib.ui.people import views_seen
from lib.ui.people.views_seen import ViewedPage, Views

_NO_FILTER = "Choose a filter first. What is chosen then can be saved under a name."
_CHOSEN = "view-chosen"


def ask_to_save(views: Views) -> None:
    """Callback: the dialog is open that saves what the URL asks for now, if it asks for anything."""
    if views.here and (asked := views.asked):
        _save.ask(asked)
    else:
        guard.tell(_NO_FILTER, icon=":material/info:")


def draw(views: Views) -> None:
    """Draw the dialog that was asked for. Call it before a page draws: of two dialogs the first one is shown."""
    if views.here and (asked := _save.about):
        _save.draw(views.actor, views.here, asked)
    manage.draw(views)


@dialogs.dialog("Save view", icon=":material/bookmark_add:")
def _save(actor: Actor, page: ViewedPage, parameters: Parameters) -> None:
    st.markdown(_looks_at(page, parameters))
    with dialogs.form("save-view-form"):
        name = st.text_input("Name", key="view-name", placeholder="What I look at each morning")
        shared = _draw_shared(actor, key="view-shared", is_shared=False)
        is_default = st.toggle(f"Open {page.title} with it, for me", key="view-default")
        press = _save.draw_acts("Save", key="view-save", icon=":material/check:", in_form=True)

    def save(conn: database.Connection) -> None:
        view = saved_views.save(conn, actor, page=page.name, name=name, parameters=parameters, shared=shared)
        if is_default:
            saved_views.set_default(conn, actor, view_id=view, is_default=True)

    if press:
        with guard.errors_shown():
            press.write(actor, save)
            _done(_save, actor, f"The view {escape(name.strip())} is saved.", icon=":material/bookmark_added:")


@dialogs.dialog("Saved views", forgets=(_CHOSEN,), icon=":material/tune:")
def manage(views: Views) -> None:
    """In it views are opened, changed and deleted."""
    seen = {view.view_id: view for view in views.seen}
    if not seen:
        st.caption("There is no saved view any more.")
        return
    if st.session_state.get(_CHOSEN) not in seen:
        st.session_state[_CHOSEN] = (views.shown() or views.seen[0]).view_id
    chosen = seen[st.selectbox("View", list(seen), key=_CHOSEN, format_func=lambda one: _in_words(views, seen[one]))]
    page = views.pages[chosen.page]
    st.markdown(_looks_at(page, page.understood(chosen)))
    links.page_link(page.file, label="Open it", icon=":material/arrow_forward:", query_params=page.understood(chosen))
    _draw_changes(views, chosen, page)
    _draw_delete(views.actor, chosen)


def _looks_at(page: ViewedPage, parameters: Parameters) -> str:
    """What is looked at, as Markdown."""
    if not parameters:
        return f"**{page.title}** as one left it: the page has none of the filters of this view any more."
    return f"**{page.title}** with {page.in_words(parameters)}"


def _in_words(views: Views, view: SavedView) -> str:
    whose = "" if view.is_own else f" · shared by {view.owner_name or 'someone who has left'}"
    return one_line(f"{view.name} · {views.pages[view.page].title}{whose}")


def _draw_changes(views: Views, view: SavedView, page: ViewedPage) -> None:
    """Draw what may be changed: of somebody else's view only whether it opens the page."""
    actor, key = views.actor, str(view.view_id)
    view = dialogs.begun_with(f"view-default-{key}", view)
    name, shared, parameters = view.name, view.is_shared, None
    if view.is_own:
        name = st.text_input("Name", view.name, key=f"view-name-{key}")
        shared = _draw_shared(actor, key=f"view-shared-{key}", is_shared=view.is_shared)
    else:
        st.caption(f"Only {escape(view.owner_name or 'whoever made it')} can change it.")
    is_default = st.toggle(f"Open {page.title} with it, for me", view.is_default, key=f"view-default-{key}")
    asked = views.asked
    if view.is_own and views.here is page and asked and asked != page.understood(view):
        if st.toggle(f"Give it the filters of now: {page.in_words(asked)}", key=f"view-filters-{key}"):
            parameters = asked

    def change(conn: database.Connection) -> None:
        if (name, shared, parameters) != (view.name, view.is_shared, None):
            saved_views.change(
                conn, actor, view_id=view.view_id, name=name, shared=shared, parameters=parameters, expected=view
            )
        if is_default != view.is_default:
            saved_views.set_default(conn, actor, view_id=view.view_id, is_default=is_default)

    if press := manage.draw_acts("Save changes", key=f"view-change-{key}", icon=":material/check:"):
        with guard.errors_shown():
            press.write(actor, change)
            _done(manage, actor, f"The view {escape(name.strip())} is saved.", icon=":material/bookmark_added:")


def _draw_delete(actor: Actor, view: SavedView) -> None:
    refusal = guard.refused(actor, saved_views.right_to_delete(view.is_own, view.is_shared))
    with st.popover("Delete", icon=":material/delete:", disabled=bool(refusal), help=refusal, type="tertiary"):
        lost = "Everyone here loses this view." if view.is_shared else "Nobody else has this view."
        st.markdown(f"Delete **{escape(view.name)}**? {lost}")
        key = f"view-delete-{view.view_id}"
        if press := manage.draw_acts("Delete it", key=key, icon=":material/delete:", cancels=False, destroys=True):
            with guard.errors_shown():
                press.write(actor, lambda conn: saved_views.delete(conn, actor, view_id=view.view_id))
                _done(manage, actor, f"The view {escape(view.name)} is deleted.", icon=":material/delete:")
    guard.say_why(refusal)


def _draw_shared(actor: Actor, *, key: str, is_shared: bool) -> bool:
    """Draw whether others see a view; to whom may not choose that, say why."""
    if refusal := guard.refused(actor, "manage"):
        st.caption(f"{'Everyone here' if is_shared else 'Only you'} can see it. {refusal}")
        return is_shared
    return st.toggle(f"Everyone in {plain(guard.tenant_name())} sees it", is_shared, key=key)


def _done(dialog: dialogs.Dialog[...], actor: Actor, sentence: str, *, icon: str) -> None:
    """Close the dialog, say so, and draw the page with its views as they are now."""
    views_seen.forget(actor)
    guard.tell(sentence, icon=icon)
    dialog.end()
