"""The catalog page as AppTest sees it: filters in the URL, deep links, permissions, junk."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib.auth import members
from lib.database import Database
from lib.ui.catalog.catalog_sorts import ORDERS
from tests.conftest import ActorFactory
from tests.support import catalog_page, pages
from tests.support.statements import fewest_of_a_page
from tests.support.tenant_catalog import add_entry


@pytest.fixture
def someone(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")


def open_page(*, person: str | None = None, **query: str) -> AppTest:
    app = pages.new_session(person=person, **query).run()
    assert not app.exception
    return app


def names(app: AppTest) -> list[str]:
    """The event types of the cards, in order."""
    return catalog_page.types(app)


def showing(app: AppTest) -> str:
    return next(c.value for c in app.caption if c.value.startswith("Showing"))


@pytest.mark.usefixtures("someone")
def test_opens_on_the_first_24_events_by_category_and_name() -> None:
    app = open_page()
    assert app.title[0].value == "Workflow Event Catalog"
    assert names(app)[:2] == ["ASSET_ASSIGNED", "ASSET_CREATED"]
    assert showing(app) == "Showing 1 to 24 of 154 results"


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize(
    ("query", "first", "total"),
    [
        ({"q": "TICKET_CREATED"}, "TICKET_CREATED", None),
        ({"q": "created ticket"}, "TICKET_CREATED", None),
        ({"search": "created ticket"}, "TICKET_CREATED", None),
        ({"q": "all"}, "OPPORTUNITY_STALLED", None),
        ({"category": "Tags"}, "TAG_APPLIED", 4),
        ({"status": "Deprecated"}, "PROJECT_TASK_DEPENDENCY_UNBLOCKED", 1),
        ({"status": "deprecated"}, "PROJECT_TASK_DEPENDENCY_UNBLOCKED", 1),
        ({"source": "Tenant"}, None, 0),
        ({"page": "2"}, "RECURRING_BILLING_RUN_FAILED", 154),
        ({"category": "Surveys", "q": "csat"}, "CSAT_ALERT_TRIGGERED", None),
    ],
)
def test_the_url_is_the_view(query: dict[str, str], first: str | None, total: int | None) -> None:
    app = open_page(**query)
    shown = names(app)
    assert (shown[0] if shown else None) == first
    if total:
        assert showing(app).endswith(f"of {total} result{'s' * (total != 1)}")


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "99999"},
        {"page": "-1"},
        {"page": "1e3"},
        {"status": "nonsense"},
        {"source": "<b>"},
        {"sort": "'; DROP TABLE tenants"},
        {"view": "hologram"},
        {"category": "No such category"},
        {"as": "nobody"},
    ],
)
def test_nonsense_in_the_url_shows_the_first_page(query: dict[str, str]) -> None:
    app = open_page(**query)
    assert names(app)[0] == "ASSET_ASSIGNED"
    assert showing(app) == "Showing 1 to 24 of 154 results"


@pytest.mark.usefixtures("someone")
def test_what_the_url_asks_for_in_vain_is_told_until_one_filters_anew() -> None:
    app = open_page(category="Nowhere", status="broken", sort="size", source="ours", view="hologram", page="two")
    told = [warning.value for warning in app.warning]
    assert told == [
        "`status` in the address is left out: `broken` is not one of Active, Beta, Draft, Deprecated.",
        "`sort` in the address is left out: `size` is not one of " + ", ".join(o.label for o in ORDERS.values()) + ".",
        "`source` in the address is left out: `ours` is not one of All, System, Tenant.",
        "`view` in the address is left out: `hologram` is not one of Grid, List.",
        "`page` in the address is left out: `two` is no number of a page.",
        "`category` in the address is left out: `Nowhere` is not one of the categories.",
    ]
    app.text_input(key="q").set_value("invoice overdue").run()
    assert names(app)[0] == "INVOICE_OVERDUE" and not app.warning
    past = open_page(page="8")
    assert past.warning[0].value == "`page` in the address is left out: `8` is past the last page, 7."
    past.segmented_control(key="source").set_value("tenant").run()
    assert not past.warning


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize("key", ["q", "category"])
def test_a_text_that_cannot_be_stored_is_told_and_left_out(key: str) -> None:
    app = open_page(**{key: "a\0b"})
    (told,) = [warning.value for warning in app.warning]
    assert told.startswith(f"`{key}` in the address is left out: ")
    assert told.endswith(" is not to be found, as it has the character NUL, which cannot be stored.")
    assert names(app) == names(open_page()) and key not in app.query_params and not app.error


def test_the_url_is_read_beside_who_is_looking_and_in_any_spelling(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Aaa")
    actor = new_actor("admin", name="Zzz")
    app = open_page(tenant=str(actor.tenant).upper(), category="tags", status="ACTIVE")
    assert app.session_state["person"].tenant == actor.tenant
    assert showing(app).endswith("of 4 results") and not app.warning and not app.error
    assert app.query_params["category"] == "Tags" and app.query_params["status"] == "Active"


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize(
    "search", ["%", "_%_", "\\", "😀", "'; SELECT set_config('app.tenant', '', false) --", "x" * 10_000]
)
def test_a_search_for_junk_finds_nothing_and_says_so(search: str) -> None:
    app = open_page(q=search)
    assert names(app) == []
    assert any("No event matches these filters" in m.value for m in app.markdown)


@pytest.mark.usefixtures("someone")
def test_typing_narrows_and_clearing_widens() -> None:
    app = open_page(page="3")
    app.text_input(key="q").set_value("invoice overdue").run()
    assert names(app)[0] == "INVOICE_OVERDUE"
    app.button(key="clear-filters").click().run()
    assert showing(app) == "Showing 1 to 24 of 154 results"


@pytest.mark.usefixtures("someone")
def test_pages_are_walked_to_the_end() -> None:
    seen: list[str] = []
    for page in range(1, 8):
        seen += names(open_page(page=str(page)))
    assert len(seen) == len(set(seen)) == 154


@pytest.mark.usefixtures("someone")
def test_deprecated_events_are_a_line_until_they_are_asked_for() -> None:
    app = open_page()
    assert "1 deprecated event" in [c.value for c in app.caption]
    app.button(key="fold-deprecated").click().run()
    assert showing(app).endswith("of 155 results") and app.query_params["deprecated"] == "true"
    last = open_page(deprecated="true", page="7")
    assert names(last)[-1] == "PROJECT_TASK_DEPENDENCY_UNBLOCKED"
    last.button(key="fold-deprecated").click().run()
    assert showing(last).endswith("of 154 results") and "deprecated" not in last.query_params
    assert not [b for b in open_page(q="ticket").button if b.key == "fold-deprecated"]
    junk = open_page(deprecated="perhaps")
    assert junk.warning[0].value == "`deprecated` in the address is left out: `perhaps` is not one of true, false."


def test_owner_and_tag_are_filters_where_events_have_them(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read", name="Acme")
    assert {s.key for s in open_page().selectbox} & {"owner", "tag"} == set()
    add_entry(db, actor.tenant, "OURS", owner="Field team", tags=["hardware"])
    add_entry(db, actor.tenant, "OTHER", tags=["software"])
    assert names(open_page(owner="field team")) == ["OURS"]
    app = open_page(tag="Hardware")
    assert names(app) == ["OURS"] and app.query_params["tag"] == "hardware"
    app.selectbox(key="tag").set_value("software").run()
    assert names(app) == ["OTHER"]
    app.button(key="clear-filters").click().run()
    assert showing(app).endswith("of 156 results")
    told = [warning.value for warning in open_page(owner="Nobody").warning]
    assert told == ["`owner` in the address is left out: `Nobody` is not one of the owners."]


@pytest.mark.usefixtures("someone")
def test_list_view_shows_the_same_facts_and_is_remembered() -> None:
    app = open_page()
    app.segmented_control(key="view").set_value("list").run()
    assert len(names(app)) == 50
    assert {column["label"] for column in catalog_page.drawn(app)["columns"]} >= {
        "Event",
        "Type",
        "Category",
        "Status",
        "Executions",
        "Success",
        "Avg",
        "Workflows",
        "Source",
        "Schema",
        "Description",
    }
    again = open_page()
    assert len(names(again)) == 50, "a new session opens in the view last used"
    assert len(names(open_page(view="grid"))) == 24, "the URL decides before the preference"


@pytest.mark.usefixtures("someone")
def test_a_drawer_opens_whichever_page_its_event_is_on() -> None:
    app = open_page(eventType="TICKET_UPDATED", page="1")
    assert "TICKET_UPDATED" not in names(app)
    assert any("`TICKET_UPDATED`" in m.value for m in app.markdown)
    assert any(s.value.startswith("Attached workflows") for s in app.title)


@pytest.mark.usefixtures("someone")
def test_choosing_a_card_opens_its_drawer_and_the_url_says_so() -> None:
    app = open_page()
    catalog_page.press(app, "open", "ASSET_CREATED")
    assert "ASSET_CREATED" in app.query_params["eventType"]
    assert any(s.value == "Payload schema" for s in app.title)


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize("event_type", ["TICKET_CRATED", "<script>alert(1)</script>", "😀" * 300, "%00", "a`b"])
def test_an_unknown_type_says_so_in_inert_text(event_type: str) -> None:
    app = open_page(eventType=event_type)
    said = [m.value for m in app.markdown if "There is no event" in m.value]
    assert len(said) == 1
    assert names(app)[0] == "ASSET_ASSIGNED", "the catalog stays usable below"
    if event_type == "TICKET_CRATED":
        assert app.button(key="near-TICKET_CREATED")


def test_a_tenants_entry_takes_the_place_of_the_systems(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read", name="Acme")
    add_entry(db, actor.tenant, "TICKET_CREATED", name="Our ticket *created*", status="draft")
    app = open_page(q="TICKET_CREATED")
    assert names(app).count("TICKET_CREATED") == 1
    assert catalog_page.entries(app)[0]["name"] == "Our ticket *created*", "as text, which needs no escaping"
    assert showing(open_page()).endswith("of 154 results")
    assert names(open_page(source="Tenant")) == ["TICKET_CREATED"]


@pytest.mark.parametrize("permission", ["read", "manage"])
def test_what_needs_manage_is_disabled_with_the_reason(permission: str, new_actor: ActorFactory) -> None:
    new_actor(permission, name="Acme")
    refusal = catalog_page.drawn(open_page())["refusal"]
    if permission == "read":
        needed = "You have read permission; to simulate events and change workflows you need manage."
        assert refusal == f"{needed} Ask whoever runs the server: Acme has no admin."
    else:
        assert refusal is None


def test_a_refusal_names_the_admins_and_looks_them_up_once(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = new_actor("read", name="Acme *Ltd*")
    admin = new_actor("admin", tenant=reader.tenant)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE users SET name = 'Ada ![x](http://h/i)' WHERE user_id = :u"), {"u": admin.user_id})
    asked, admins = [], members.admins
    monkeypatch.setattr(members, "admins", lambda conn, tenant: asked.append(tenant) or admins(conn, tenant=tenant))
    app = open_page()
    refusal = catalog_page.drawn(app)["refusal"]
    assert refusal == f"{reader.refusal('manage')} Ask an admin of Acme *Ltd* (Ada ![x](http://h/i))."
    app.run()
    assert asked == [reader.tenant]


@pytest.mark.own_database
@pytest.mark.usefixtures("db")
def test_a_database_without_tenants_says_what_to_do() -> None:
    app = open_page()
    assert "python -m lib.demo" in app.info[0].value


def test_one_acts_as_any_person_of_any_tenant(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    reader = new_actor("read", name="Beta Ltd")
    app = open_page(person=f"{reader.email} · Beta Ltd")
    assert app.session_state["person"].tenant == reader.tenant


@pytest.mark.usefixtures("someone")
@pytest.mark.parametrize("page", ["catalog.py", "event.py"])
def test_a_page_reached_past_the_shell_shows_nothing(page: str) -> None:
    app = AppTest.from_file(str(pages.PAGES / page)).run()
    assert not app.exception
    assert [i.value for i in app.info] == ["Please enter through the [event catalog](/)."]
    assert not app.title and not app.button


def test_a_page_of_which_nothing_is_kept_costs_at_most_ten_statements(db: Database, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    open_page()
    assert 1 <= len(fewest_of_a_page(db.app, lambda: open_page(view="grid"))) <= 10
