"""People sign in with an OpenID provider, in a browser. What is ended or changed is so at their next click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.database import Connection
from lib.settings import Settings
from tests.e2e.components.test_axe_browser import AXE, CUT, looked_at, misnamed, names
from tests.e2e.conftest import RunningApp, free_port, launch_app, picture, prepare, served, settled, stop_app
from tests.support import openid_provider
from tests.support.foreign_documents import npm
from tests.support.openid_provider import OpenIdProvider

pytestmark = pytest.mark.browser

CONTACT = "Ada Admin (ada@example.com)"
OPEN_OWN = re.compile("^.*Open (Acme|Beta)")
_SLOW = 60_000


@pytest.fixture(scope="module")
def port() -> int:
    """Where the app is to serve. The provider sends people to no other address."""
    return free_port()


@pytest.fixture(scope="module")
def provider(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    with openid_provider.running(tmp_path_factory.mktemp("npm"), app_url=f"http://localhost:{port}") as running:
        yield running


@pytest.fixture(scope="module")
def signing(port: int, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with sign-in, over a database with two tenants that somebody else is admin of, which is open here too."""
    data_dir = prepare(tmp_path_factory.mktemp("signing"))
    database.start(Settings(data_dir=data_dir, database_url=None))
    with database.operate() as conn:
        for name in ("Acme", "Beta"):
            tenant = actors.add_tenant(conn, name=name)
            actors.add_member(conn, tenant=tenant, email="ada@example.com", name="Ada Admin", permission="admin")
    running = served(
        launch_app(
            data_dir,
            port,
            DEMO="0",
            AUTH="oidc",
            OIDC_ISSUER=provider.url,
            OIDC_CLIENT_ID="catalog",
            OIDC_CLIENT_SECRET=openid_provider.CLIENT_SECRET,
            PUBLIC_URL=f"http://localhost:{port}",
            COOKIE_SECRET="only for these tests, and long enough",
            ACCESS_CONTACT=CONTACT,
        )
    )
    yield running
    _contexts.clear()
    stop_app(running)
    database.stop()


# Browsers of two people. Each is kept for all tests, so Chromium compiles the app's scripts once and not in every test.
_contexts: dict[str, BrowserContext] = {}


@contextmanager
def opened(
    browser: Browser, signing: RunningApp, whose: str = "another", *, bypass_csp: bool = False
) -> Iterator[BrowserContext]:
    """A browser of somebody's own, in which nobody has signed in yet."""
    if whose not in _contexts:
        size = ViewportSize(width=1440, height=1000)
        _contexts[whose] = browser.new_context(base_url=signing.url, viewport=size, bypass_csp=bypass_csp)
        _contexts[whose].set_default_timeout(_SLOW)
    context = _contexts[whose]
    yield context
    for page in context.pages:
        page.close()
    context.clear_cookies()


@pytest.fixture
def person(provider: OpenIdProvider, signing: RunningApp) -> str:
    """Somebody with a verified address, who belongs to Acme with admin permission."""
    subject = f"p{uuid4().hex[:12]}"
    provider.knows(subject, email=f"{subject.upper()}@Example.com", email_verified=True, name="Pat Person")
    join(subject, "Acme", "admin")
    return subject


@pytest.fixture
def context(browser: Browser, signing: RunningApp) -> Iterator[BrowserContext]:
    with opened(browser, signing, "own") as own:
        yield own


def join(subject: str, tenant: str, permission: actors.Permission) -> None:
    with database.operate() as conn:
        found = id_of(conn, tenant)
        email = f"{subject}@example.com"
        actors.add_member(conn, tenant=found, email=email, name=email, permission=permission)


def id_of(conn: Connection, tenant: str) -> UUID:
    return UUID(str(conn.execute(text("SELECT tenant FROM tenants WHERE name = :n"), {"n": tenant}).scalar_one()))


def change(statement: str, subject: str) -> None:
    """Change something about a person; {user} in the statement is their id."""
    user = "(SELECT user_id FROM users WHERE email = :e)"
    with database.operate() as conn:
        done = conn.execute(text(statement.format(user=user)), {"e": f"{subject}@example.com"})
        assert done.rowcount > 0


def sign_in(page: Page, subject: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()
    settled(page)


def enter(context: BrowserContext, subject: str, address: str = "/") -> Page:
    page = context.new_page()
    page.goto(address)
    sign_in(page, subject)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=_SLOW)
    return page


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def click_somewhere(page: Page) -> None:
    page.get_by_role("link", name="Runs", exact=True).click()


def expect_nothing_else(page: Page) -> None:
    """A page that says one thing, and leads nowhere in the app."""
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(page.get_by_test_id("stPageLink")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (npm(AXE, tmp_path_factory.mktemp("axe")) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def sheet(browser: Browser, signing: RunningApp, provider: OpenIdProvider, person: str) -> Iterator[Page]:
    """A tab that looks past the security policy: axe has to be put into the page."""
    provider.knows("stranger", email="stranger@example.com", email_verified=True)
    provider.knows("impostor", email="ada@example.com", email_verified=False)
    with opened(browser, signing, "looked at", bypass_csp=True) as own:
        page = own.new_page()
        page.emulate_media(reduced_motion="reduce")
        yield page


@dataclass(frozen=True)
class Doorstep:
    """What somebody who is not let in reads: who came, at which address, and the title, a sentence and the button."""

    who: str | None
    address: str
    title: str
    said: str
    button: str

    def __str__(self) -> str:
        return f"{self.who or 'nobody'} {self.address}"


DOORSTEPS = [
    Doorstep(None, "/", "Workflow Event Catalog", "Sign in to see the events", "Sign in"),
    Doorstep(None, "/?signIn=failed", "Workflow Event Catalog", "You were not signed in", "Sign in"),
    Doorstep(None, "/?signIn=unavailable", "Workflow Event Catalog", "does not answer at the moment", "Sign in"),
    Doorstep("stranger", "/", "No access yet", "belongs to no tenant here", "Sign out"),
    Doorstep("impostor", "/", "No access yet", "has not verified that address", "Sign out"),
    Doorstep("person", f"/?tenant={uuid4()}", "Not your tenant", "you do not belong to", "Open Acme"),
]


@pytest.mark.parametrize("doorstep", [pytest.param(one, id=str(one).partition("=")[0]) for one in DOORSTEPS])
def test_whoever_is_not_let_in_can_read_why_and_what_to_do(
    sheet: Page, axe: str, person: str, doorstep: Doorstep
) -> None:
    sheet.goto(doorstep.address)
    if doorstep.who:
        sign_in(sheet, person if doorstep.who == "person" else doorstep.who)
    expect(sheet.get_by_role("heading")).to_have_text([doorstep.title])
    expect(sheet.get_by_test_id("stMainBlockContainer")).to_contain_text(doorstep.said)
    expect(sheet.get_by_test_id("stMainBlockContainer").get_by_role("button")).to_have_count(1)
    expect(sheet.get_by_role("button", name=doorstep.button, exact=True)).to_be_visible()
    expect_nothing_else(sheet)
    sheet.evaluate(axe)
    for width, height in ((1440, 1000), (390, 844)):
        sheet.set_viewport_size({"width": width, "height": height})
        box, button = (one.bounding_box() for one in (sheet.locator("h1"), sheet.get_by_role("button").last))
        assert box and button
        assert abs(box["x"] + box["width"] / 2 - width / 2) <= 8, "in the middle"
        assert button["y"] + button["height"] <= height
        for scheme in ("dark", "light"):
            sheet.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            expect(sheet.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
            assert looked_at(sheet)["ours"] == []
        assert sheet.evaluate(CUT) == []
    assert [one for one in names(sheet) if misnamed(one[1])] == []
    picture(sheet, f"doorstep-{DOORSTEPS.index(doorstep)}")


def test_a_certified_provider_gets_a_proof_key_and_who_chooses_an_account(
    context: BrowserContext, provider: OpenIdProvider
) -> None:
    if provider.not_certified:
        pytest.skip(f"sign-in is tested with a mock here: {provider.not_certified}")
    page = context.new_page()
    with page.expect_request(re.compile(f"^{provider.url}/auth")) as asked:
        page.goto("/")
        page.get_by_role("button", name="Sign in").click()
    sent = parse_qs(urlsplit(asked.value.url).query)
    assert sent["code_challenge_method"] == ["S256"] and sent["code_challenge"] and sent["nonce"] and sent["state"]
    assert sent["prompt"] == ["select_account"]
    expect(page.get_by_role("heading", name="select_account")).to_be_visible()


def test_a_person_signs_in_where_they_came_from_and_out_again(context: BrowserContext, person: str) -> None:
    page = context.new_page()
    page.goto("/activity?event=TICKET_CREATED")
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
    expect_nothing_else(page)
    picture(page, "sign-in")
    sign_in(page, person)
    expect(page.get_by_role("heading", name="Activity", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("/activity.*event=TICKET_CREATED"))
    expect(page).to_have_url(re.compile("tenant="))
    expect(page.get_by_test_id("stSidebar").get_by_text("Pat Person")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("admin permission")).to_be_visible()
    assert person not in page.url
    ours = [one for one in context.cookies() if one["name"].startswith("_streamlit_user")]
    assert ours and all(one["httpOnly"] and one["sameSite"] == "Lax" for one in ours)
    picture(page, "signed-in")
    sign_out(page)
    page.goto("/runs")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect_nothing_else(page)


def test_an_unknown_person_learns_whom_to_ask_and_nothing_else(
    context: BrowserContext, provider: OpenIdProvider
) -> None:
    provider.knows("stranger", email="stranger@example.com", email_verified=True)
    page = context.new_page()
    page.goto("/workflows")
    sign_in(page, "stranger")
    expect(page.get_by_role("heading", name="No access yet")).to_be_visible()
    said = page.get_by_test_id("stMainBlockContainer").inner_text().replace("\N{WORD JOINER}", "")
    assert f"You are signed in as stranger@example.com, who belongs to no tenant here. Please ask {CONTACT}" in said
    expect_nothing_else(page)
    assert "Acme" not in page.content() and "Beta" not in page.content()
    picture(page, "unknown-person")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("claims", [{"email_verified": False}, {}, {"email_verified": "no"}])
def test_an_unverified_address_lets_nobody_in(
    context: BrowserContext, provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    provider.knows("impostor", email="ada@example.com", **claims)
    page = context.new_page()
    page.goto("/")
    sign_in(page, "impostor")
    expect(page.get_by_text("your provider has not verified that address")).to_be_visible()
    expect_nothing_else(page)


def test_who_declines_at_the_provider_may_try_again(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/metrics?range=90d")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("You were not signed in. Please try again.")).to_be_visible()
    expect(page).to_have_url(re.compile("/metrics"))


def test_a_removed_member_is_out_with_the_next_click_in_every_tab(context: BrowserContext, person: str) -> None:
    one = enter(context, person)
    other = context.new_page()
    other.goto("/workflows")
    expect(other.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    change("DELETE FROM memberships WHERE user_id = {user}", person)
    for page in (one, other):
        click_somewhere(page)
        expect(page.get_by_role("heading", name="No access yet")).to_be_visible()
        expect_nothing_else(page)


def test_a_link_to_a_file_is_for_who_asked_and_for_once(
    context: BrowserContext, browser: Browser, signing: RunningApp, person: str
) -> None:
    page = enter(context, person)
    page.get_by_role("button", name="Export and import").click()
    link = page.get_by_role("link", name="CSV")
    expect(link).to_be_visible()
    settled(page)
    address = f"{signing.url}{link.get_attribute('href')}"
    stranger = browser.new_context()
    assert stranger.request.get(address).status == 403
    stranger.close()
    file = context.request.get(address)  # with the cookies of who is signed in
    assert file.status == 200 and file.text().startswith("\ufeffevent_type,")
    again = context.new_page()
    answer = again.goto(address)
    assert answer is not None and answer.status == 410
    expect(again.get_by_text("Open Export again for a new one.")).to_be_visible()


def test_a_changed_permission_holds_for_the_next_click(context: BrowserContext, person: str) -> None:
    page = enter(context, person, "/?q=ticket+created")
    simulate = page.get_by_role("button", name="Simulate").first
    expect(simulate).to_be_enabled()
    settled(page)
    change("UPDATE memberships SET permission = 'read' WHERE user_id = {user}", person)
    simulate.click()
    expect(page.get_by_text("What you may do here has changed, so nothing was done.")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    expect(page.get_by_role("button", name="Simulate").first).to_be_disabled()
    assert "/simulate" not in page.url


def test_a_fragment_that_draws_itself_notices_too(context: BrowserContext, person: str) -> None:
    page = enter(context, person, "/activity?live=true")
    expect(page.get_by_role("heading", name="Activity", exact=True)).to_be_visible()
    change("UPDATE sign_ins SET ended_at = now() WHERE user_id = {user}", person)
    expect(page.get_by_text("You are signed out.")).to_be_visible()  # without any click
    expect_nothing_else(page)


def test_a_cookie_that_was_kept_is_dead_after_signing_out(
    browser: Browser, context: BrowserContext, signing: RunningApp, person: str
) -> None:
    page = enter(context, person)
    kept = context.cookies()
    with opened(browser, signing) as thief:
        thief.add_cookies(kept)  # type: ignore[arg-type]
        theirs = thief.new_page()
        theirs.goto("/")
        expect(theirs.get_by_text("Pat Person")).to_be_visible()  # it is good until then
    sign_out(page)
    with opened(browser, signing) as thief:
        thief.add_cookies(kept)  # type: ignore[arg-type]
        theirs = thief.new_page()
        theirs.goto("/")
        expect(theirs.get_by_text("You are signed out.")).to_be_visible()
        expect_nothing_else(theirs)


def test_the_address_of_signing_out_ends_the_sign_in_as_well(
    browser: Browser, context: BrowserContext, signing: RunningApp, person: str
) -> None:
    page = enter(context, person)
    kept = context.cookies()
    page.goto("/auth/logout")
    with opened(browser, signing) as thief:
        thief.add_cookies(kept)  # type: ignore[arg-type]
        theirs = thief.new_page()
        theirs.goto("/")
        expect(theirs.get_by_text("You are signed out.")).to_be_visible()


def test_signing_out_in_one_tab_is_noticed_in_the_other_and_one_can_come_back(
    context: BrowserContext, person: str
) -> None:
    one = enter(context, person)
    other = context.new_page()
    other.goto("/")
    settled(other)
    sign_out(one)
    click_somewhere(other)
    expect(other.get_by_text("You are signed out.")).to_be_visible()
    expect_nothing_else(other)
    sign_in(other, person)
    expect(other.get_by_text("Pat Person")).to_be_visible()


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        ("started_at = started_at - interval '12 hours'", "as it began 12 hours ago"),
        ("last_seen_at = last_seen_at - interval '2 hours'", "as it was not used for 2 hours"),
    ],
)
def test_a_sign_in_that_is_over_says_so_and_begins_anew(
    context: BrowserContext, person: str, elapsed: str, said: str
) -> None:
    page = enter(context, person)
    change(f"UPDATE sign_ins SET {elapsed} WHERE user_id = {{user}}", person)
    click_somewhere(page)
    expect(page.get_by_text(said)).to_be_visible()
    expect_nothing_else(page)
    page.reload()
    expect(page.get_by_text(said)).to_be_visible()
    sign_in(page, person)
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_an_ended_session_is_over_in_its_tenant_and_goes_on_in_another(context: BrowserContext, person: str) -> None:
    join(person, "Beta", "read")
    acme = enter(context, person)
    with database.operate() as conn:
        beta_id = id_of(conn, "Beta")
    beta = context.new_page()
    beta.goto(f"/runs?tenant={beta_id}")
    expect(beta.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    change(
        "UPDATE sessions SET ended_at = now() WHERE user_id = {user} AND tenant IN "
        "(SELECT tenant FROM tenants WHERE name = 'Acme')",
        person,
    )
    click_somewhere(acme)
    expect(acme.get_by_text("Your session in Acme was ended.")).to_be_visible()
    expect_nothing_else(acme)
    beta.get_by_role("link", name="Workflows", exact=True).click()
    expect(beta.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()


def test_a_shared_link_opens_in_its_tenant_or_says_that_one_is_not_in_it(context: BrowserContext, person: str) -> None:
    join(person, "Beta", "read")
    page = enter(context, person)
    with database.operate() as conn:
        acme, beta = id_of(conn, "Acme"), id_of(conn, "Beta")
        foreign = actors.add_tenant(conn, name="Gamma")
    assert str(acme) in page.url or str(beta) in page.url
    for tenant, permission in ((beta, "read"), (acme, "admin"), (beta, "read")):
        page.goto(f"/runs?tenant={tenant}&runStatus=Failed")
        expect(page.get_by_test_id("stSidebar").get_by_text(f"{permission} permission")).to_be_visible()
        expect(page).to_have_url(re.compile(f"tenant={tenant}"))
    said = []
    for tenant in (foreign, uuid4()):
        page.goto(f"/runs?tenant={tenant}&runStatus=Failed")
        expect(page.get_by_role("heading", name="Not your tenant")).to_be_visible()
        expect_nothing_else(page)
        expect(page.get_by_role("button", name=OPEN_OWN)).to_be_visible()
        said.append(page.get_by_test_id("stMainBlockContainer").inner_text())
    assert said[0] == said[1] and "Gamma" not in said[0]
    page.get_by_role("button", name=OPEN_OWN).click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_each_tab_shows_a_tenant_and_a_box_leads_to_another(context: BrowserContext, person: str) -> None:
    join(person, "Beta", "read")
    with database.operate() as conn:
        acme, beta = id_of(conn, "Acme"), id_of(conn, "Beta")
    one = enter(context, person, f"/?tenant={acme}")
    other = context.new_page()
    other.goto(f"/?tenant={beta}")
    expect(other.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    one.get_by_role("link", name="Workflows", exact=True).click()
    expect(one.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    expect(one).to_have_url(re.compile(f"tenant={acme}"))
    settled(one)
    one.get_by_role("combobox", name="Tenant").click()
    one.get_by_role("option", name="Beta").click()
    expect(one.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    expect(one).to_have_url(re.compile(f"tenant={beta}"))
    one.go_back()
    expect(one.get_by_test_id("stSidebar").get_by_text("admin permission")).to_be_visible()
    expect(other.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()


def test_a_page_of_the_sidebar_opens_in_another_tab_in_the_tenant_of_this_one(
    context: BrowserContext, person: str
) -> None:
    join(person, "Beta", "read")
    with database.operate() as conn:
        acme, beta = id_of(conn, "Acme"), id_of(conn, "Beta")
    tabs = [enter(context, person, f"/?tenant={acme}"), context.new_page()]
    tabs[1].goto(f"/?tenant={beta}")
    expect(tabs[1].get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    for page, tenant in zip(tabs, (acme, beta), strict=True):  # one of them was not used last
        link = page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs")
        with context.expect_page() as opening:
            link.click(button="middle")
        expect(opening.value.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        expect(opening.value).to_have_url(re.compile(f"/runs[?].*tenant={tenant}"))
        opening.value.close()
        link.click()  # in this tab Streamlit goes there by itself
        expect(page).to_have_url(re.compile(f"/runs[?].*tenant={tenant}"))


def test_while_the_provider_is_down_who_is_in_stays_and_others_get_a_calm_page(
    browser: Browser, context: BrowserContext, signing: RunningApp, provider: OpenIdProvider, person: str
) -> None:
    page = enter(context, person)
    provider.down()
    try:
        click_somewhere(page)
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        with opened(browser, signing) as another:
            theirs = another.new_page()
            theirs.goto("/workflows")
            theirs.get_by_role("button", name="Sign in").click()
            expect(theirs.get_by_text("The sign-in service does not answer at the moment.")).to_be_visible()
            expect(theirs).to_have_url(re.compile("/workflows"))
            expect_nothing_else(theirs)
            picture(theirs, "provider-down")
        # Signing out needs nobody else.
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    finally:
        provider.up()
