"""Saved views: names, bounds, who sees and changes them, and that no tenant has another's."""

from __future__ import annotations

import threading
import unicodedata
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lib import database
from lib.auth import members, saved_views
from lib.auth.actors import Actor
from lib.auth.saved_views import LONGEST_NAME, MOST_OWN, MOST_SHARED, SavedView
from lib.database import Database
from lib.errors import CatalogError, ChangedMeanwhile, Conflict, InvalidInput, NotFound, PermissionDenied
from tests.conftest import ActorFactory
from tests.support.hostile_texts import TEXTS
from tests.support.waiting import PATIENCE

FAILED = {"runStatus": ["Failed"]}


def save(actor: Actor, name: str = "Failures", **more: Any) -> UUID:
    with database.write(actor) as conn:
        return saved_views.save(conn, actor, **{"page": "runs", "name": name, "parameters": FAILED, **more})


def change(actor: Actor, view: UUID, **more: Any) -> None:
    with database.write(actor) as conn:
        saved_views.change(conn, actor, view_id=view, **more)


def delete(actor: Actor, view: UUID) -> None:
    with database.write(actor) as conn:
        saved_views.delete(conn, actor, view_id=view)


def make_default(actor: Actor, view: UUID, is_default: bool = True) -> None:
    with database.write(actor) as conn:
        saved_views.set_default(conn, actor, view_id=view, is_default=is_default)


def seen(actor: Actor) -> list[SavedView]:
    with database.read(actor) as conn:
        return saved_views.seen(conn, actor)


def names(actor: Actor) -> list[str]:
    return [view.name for view in seen(actor)]


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("manage")


def test_a_view_is_read_as_it_was_saved(ada: Actor) -> None:
    parameters = {"event": ["A", "B"], "q": ["100 % “ok” 🚀"]}
    view = save(ada, "  Failures 🚀 **now**  ", parameters=parameters)
    [found] = seen(ada)
    assert found == SavedView(view, "runs", "Failures 🚀 **now**", parameters, False, True, ada.email, False)


def test_a_person_sees_their_own_first_and_then_what_others_share(ada: Actor, new_actor: ActorFactory) -> None:
    bob = new_actor("manage", tenant=ada.tenant)
    save(bob, "b shared", shared=True)
    save(bob, "b alone")
    save(ada, "z own")
    save(ada, "A shared", shared=True)
    assert names(ada) == ["A shared", "z own", "b shared"]
    assert names(bob) == ["b alone", "b shared", "A shared"]
    assert [view.owner_name for view in seen(ada)] == [ada.email, ada.email, bob.email]


def test_a_reader_keeps_views_of_their_own_and_shares_none(new_actor: ActorFactory) -> None:
    reader = new_actor("read")
    view = save(reader)
    with pytest.raises(PermissionDenied, match="you need manage"):
        save(reader, "Other", shared=True)
    with pytest.raises(PermissionDenied, match="you need manage"):
        change(reader, view, shared=True)
    change(reader, view, name="Mine", parameters={"runStatus": ["Queued"]})
    assert [(one.name, one.is_shared) for one in seen(reader)] == [("Mine", False)]
    delete(reader, view)
    assert names(reader) == []


def test_what_is_private_leaves_no_act(db: Database, ada: Actor) -> None:
    view = save(ada)
    change(ada, view, name="Other")
    make_default(ada, view)
    delete(ada, view)
    acts = text("SELECT count(*) FROM audit_logs WHERE tenant = :t")
    with db.owner.connect() as conn:
        assert conn.execute(acts, {"t": ada.tenant}).scalar_one() == 0


def test_only_its_owner_changes_a_shared_view_and_an_admin_may_delete_it(ada: Actor, new_actor: ActorFactory) -> None:
    bob, boss = (new_actor(permission, tenant=ada.tenant) for permission in ("manage", "admin"))
    view = save(ada, shared=True)
    for other in (bob, boss):
        with pytest.raises(PermissionDenied, match=rf"^Only {ada.email} can change this view"):
            change(other, view, name="Theirs")
    with pytest.raises(PermissionDenied, match="you need admin"):
        delete(bob, view)
    delete(boss, view)
    assert names(ada) == []


@pytest.mark.parametrize(
    "before", [{"name": "Other"}, {"shared": True}, {"parameters": {"runStatus": ["Succeeded"]}}], ids=str
)
def test_a_view_that_is_another_than_was_looked_at_stays(before: dict[str, Any], ada: Actor) -> None:
    """In another tab, as nobody else changes it."""
    view = save(ada)
    [looked_at] = seen(ada)
    change(ada, view, **before)
    [now] = seen(ada)
    with pytest.raises(ChangedMeanwhile, match=r"^The view .* was changed since you opened it"):
        change(ada, view, name="Third", expected=looked_at)
    assert seen(ada) == [now]
    change(ada, view, name="Third", expected=now)
    assert names(ada) == ["Third"]


def test_what_somebody_keeps_to_themselves_is_not_there_for_an_admin(ada: Actor, new_actor: ActorFactory) -> None:
    boss = new_actor("admin", tenant=ada.tenant)
    assert seen(boss) == []
    assert refusals(boss, save(ada)) == refusals(boss, uuid4())


def test_a_view_of_another_tenant_is_answered_like_one_that_is_not_there(ada: Actor, new_actor: ActorFactory) -> None:
    stranger = new_actor("admin")
    view = save(ada, shared=True)
    assert (
        refusals(stranger, view)
        == refusals(stranger, uuid4())
        == ["There is no such view; it may have been deleted meanwhile."] * 3
    )
    assert seen(stranger) == [] and names(ada) == ["Failures"]


def refusals(actor: Actor, view: UUID) -> list[str]:
    """What somebody is told who would change, delete or open it."""
    said = []
    for act in (lambda: change(actor, view, name="x"), lambda: delete(actor, view), lambda: make_default(actor, view)):
        with pytest.raises(NotFound) as refused:
            act()
        said.append(str(refused.value))
    return said


def test_a_statement_that_forgets_the_tenant_reaches_no_other(ada: Actor, new_actor: ActorFactory) -> None:
    save(ada, shared=True)
    stranger = new_actor("admin")
    with database.write(stranger) as conn:
        assert conn.execute(text("SELECT count(*) FROM saved_views")).scalar_one() == 0
        assert conn.execute(text("UPDATE saved_views SET is_shared = false")).rowcount == 0
        assert conn.execute(text("DELETE FROM saved_views")).rowcount == 0
    assert names(ada) == ["Failures"]


def test_one_person_has_a_name_once_a_page_in_whatever_case(ada: Actor, new_actor: ActorFactory) -> None:
    view = save(ada, "Straße")
    for same in ("straße", "STRASSE", " Straße ", unicodedata.normalize("NFD", "Straße")):
        with pytest.raises(Conflict, match="You have a view of that name on this page already"):
            save(ada, same)
    save(ada, "Straße", page="activity")
    save(new_actor(tenant=ada.tenant), "Straße")
    other = save(ada, "Other")
    with pytest.raises(Conflict, match="of that name"):
        change(ada, other, name="STRASSE")
    change(ada, view, name="STRASSE")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * (LONGEST_NAME + 1),
        "x" * 10_000,
        "a\nb",
        "a\tb",
        "a\x7fb",
        "a\u2028b",
        "\u200b",
        *TEXTS.values(),
    ],
)
def test_a_name_that_cannot_be_is_refused_by_name(name: str, ada: Actor) -> None:
    view = save(ada)
    for act in (lambda: save(ada, name), lambda: change(ada, view, name=name)):
        with pytest.raises(InvalidInput) as refused:
            act()
        assert refused.value.field == "name" and refused.value.sentence.startswith("Name ")
    assert names(ada) == ["Failures"]


@given(name=st.text(max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_name_is_taken_comes_back_as_it_was_written(name: str, ada: Actor) -> None:
    """And the same name is taken from then on; all others are refused with a sentence."""
    try:
        view = save(ada, name)
    except InvalidInput as refused:
        assert refused.field == "name"
        return
    [found] = seen(ada)
    assert found.name == unicodedata.normalize("NFC", name.strip())
    with pytest.raises(Conflict):
        save(ada, name.upper() if name.upper().casefold() == name.casefold() else name)
    delete(ada, view)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"q": ["x" * 5000]}, {"q": ["\0"]}, {"q\0": ["x"]}, {"q": ["\ud800"]}, {f"p{n}": ["x"] for n in range(600)}],
    ids=["none", "long", "NUL", "NUL in a name", "surrogate", "very many"],
)
def test_filters_that_cannot_be_kept_are_refused_by_name(parameters: dict[str, list[str]], ada: Actor) -> None:
    view = save(ada)
    for act in (lambda: save(ada, "New", parameters=parameters), lambda: change(ada, view, parameters=parameters)):
        with pytest.raises(InvalidInput) as refused:
            act()
        assert refused.value.field == "filters"
    assert [one.parameters for one in seen(ada)] == [FAILED]


def test_a_person_has_so_many_views_and_is_told_so(ada: Actor) -> None:
    for number in range(MOST_OWN):
        save(ada, f"View {number}")
    with pytest.raises(Conflict, match=f"You have {MOST_OWN} views"):
        save(ada, "One more")
    assert len(seen(ada)) == MOST_OWN


def test_a_tenant_shares_so_many_views_and_is_told_so(ada: Actor, new_actor: ActorFactory) -> None:
    people = [new_actor("manage", tenant=ada.tenant) for _ in range(MOST_SHARED // MOST_OWN)]
    for person in people:
        for number in range(MOST_OWN):
            save(person, f"View {number}", shared=True)
    with pytest.raises(Conflict, match=f"This tenant shares {MOST_SHARED} views"):
        save(ada, shared=True)
    own = save(ada)
    with pytest.raises(Conflict, match=f"This tenant shares {MOST_SHARED} views"):
        change(ada, own, shared=True)
    assert len(seen(ada)) == MOST_SHARED + 1


def test_two_that_save_at_once_do_not_pass_the_bound(ada: Actor) -> None:
    for number in range(MOST_OWN - 1):
        save(ada, f"View {number}")
    outcomes: list[str] = []

    def one_more(name: str) -> None:
        try:
            save(ada, name)
            outcomes.append("saved")
        except CatalogError as error:
            outcomes.append(type(error).__name__)

    with database.write(ada) as conn:
        saved_views.save(conn, ada, page="runs", name="First", parameters=FAILED)
        others = [threading.Thread(target=one_more, args=(name,)) for name in ("Second", "Third")]
        for one in others:
            one.start()
    for one in others:
        one.join(PATIENCE)
    assert outcomes == ["Conflict", "Conflict"] and len(seen(ada)) == MOST_OWN


def defaults(actor: Actor) -> list[str]:
    return [view.name for view in seen(actor) if view.is_default]


def test_one_view_opens_a_page_for_one_person(ada: Actor, new_actor: ActorFactory) -> None:
    bob = new_actor("read", tenant=ada.tenant)
    first, second = save(ada, "First", shared=True), save(ada, "Second")
    other = save(ada, "Other page", page="activity")
    for view in (first, other, second):
        make_default(ada, view)
    make_default(bob, first)
    assert defaults(ada) == ["Other page", "Second"] and defaults(bob) == ["First"]
    make_default(ada, first, False)
    assert defaults(ada) == ["Other page", "Second"], "it was not the one that opened the page"
    make_default(ada, second, False)
    assert defaults(ada) == ["Other page"] and defaults(bob) == ["First"]


def test_a_view_that_is_withdrawn_or_deleted_opens_no_page_any_more(ada: Actor, new_actor: ActorFactory) -> None:
    bob = new_actor("read", tenant=ada.tenant)
    view = save(ada, shared=True)
    make_default(bob, view)
    change(ada, view, shared=False)
    assert seen(bob) == []
    change(ada, view, shared=True)
    delete(ada, view)
    assert seen(bob) == []


def test_what_was_shared_stays_when_its_owner_leaves(ada: Actor, new_actor: ActorFactory) -> None:
    boss = new_actor("admin", tenant=ada.tenant)
    view = save(ada, shared=True)
    save(ada, "Alone")
    with database.write(boss) as conn:
        members.remove(conn, boss, user_id=ada.user_id, end_tokens=True)
    assert [(one.name, one.owner_name) for one in seen(boss)] == [("Failures", None)]
    with pytest.raises(PermissionDenied, match=r"^Only whoever made it can change this view"):
        change(boss, view, name="x")
    delete(boss, view)
    assert seen(boss) == []
