"""Opens a page at once, as whoever follows a link to it: through the shell, but not by way of the catalog."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from lib.auth.actors import Actor
from lib.ui.people import acting_as

PAGES = Path(__file__).resolve().parents[2] / "pages"
SHELL = str(PAGES / "shell.py")
_SECONDS = 60

# Labels of the people that this test has made, in order.
_people: list[str] = []


def forget_people() -> None:
    """Begin a test: nobody has been made yet."""
    _people.clear()


def remember_person(actor: Actor, tenant: str) -> None:
    """A person of the tenant of this name was made. The first one of a test looks at its pages."""
    _people.append(label_of(actor, tenant))


def label_of(actor: Actor, tenant: str) -> str:
    """How the shell offers to act as the person."""
    return f"{actor.email} · {tenant}"


def new_session(*, person: str | None = None, **query: str | list[str]) -> AppTest:
    """A browser at this query, in which nothing is drawn yet; of the person with this label, else of the first."""
    app = AppTest.from_file(SHELL, default_timeout=_SECONDS)
    for name, value in query.items():
        app.query_params[name] = value
    if person or _people:
        app.session_state[acting_as.KEY] = person or _people[0]
    return app


def open_page(page: str, *, person: str | None = None, **query: str | list[str]) -> AppTest:
    """The page at this query, drawn."""
    app = new_session(person=person, **query)
    app.switch_page(page).run()
    assert not app.exception
    return app
