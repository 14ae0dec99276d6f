"""Behind a proxy that signs people in: the app believes its signed header, and nothing else that a request says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from lib import database
from lib.auth import actors
from lib.settings import Settings
from tests.e2e.conftest import POLICY, RunningApp, free_port, launch_app, picture, prepare, served, settled, stop_app
from tests.support.waiting import PATIENCE

HEADER, ISSUER, AUDIENCE, COOKIE = "X-Proxy-Token", "https://acme.example.com", "the-catalog", "event_catalog_browser"
KEY, STRANGER = RSAKey.generate_key(2048), RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app behind a proxy, as people reach it by https."""
    data_dir: Path = prepare(tmp_path_factory.mktemp("behind"))
    (data_dir / "key.pem").write_bytes(KEY.as_pem(private=False))
    running = served(
        launch_app(
            data_dir,
            free_port(),
            DEMO="0",
            AUTH="proxy",
            FIRST_ADMIN="ada@example.com",
            PUBLIC_URL="https://catalog.example.com",
            PROXY_HEADER=HEADER,
            PROXY_KEY_FILE=str(data_dir / "key.pem"),
            PROXY_ISSUER=ISSUER,
            PROXY_AUDIENCE=AUDIENCE,
            PROXY_SIGN_OUT_URL="/cdn-cgi/access/logout",
        )
    )
    yield running
    stop_app(running)


def token(email: str = "Ada@example.com", *, key: RSAKey = KEY, issued: float = 0, **other: object) -> str:
    now = int(time.time() + issued)
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": email, "email": email, "iat": now, "exp": now + 3600}
    return jwt.encode({"alg": "RS256"}, said | other, key)


def get(app: RunningApp, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, list[tuple[str, str]]]:
    address = urlsplit(app.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Accept": "text/html", **(headers or {})})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheaders()


def cookies(headers: list[tuple[str, str]]) -> list[str]:
    return [value for name, value in headers if name.lower() == "set-cookie"]


def browser_of(app: RunningApp) -> str:
    """The cookie that a browser gets with the page."""
    (cookie,) = [one for one in cookies(get(app, "/")[1]) if one.startswith(f"{COOKIE}=")]
    return cookie.partition(";")[0]


def seen(app: RunningApp, cookie: str, header: str | None, name: str = HEADER) -> str:
    """What the page says to this browser, when the proxy adds this header."""
    headers = {"Cookie": cookie} | ({name: header} if header is not None else {})
    url = f"{app.url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(url, subprotocols=[Subprotocol("streamlit")], additional_headers=headers, max_size=None) as socket:
        request = BackMsg()
        request.rerun_script.query_string = ""
        socket.send(request.SerializeToString())
        said: list[str] = []
        while True:
            message = ForwardMsg.FromString(socket.recv(60, decode=False))
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                said += [element.markdown.body, element.heading.body, element.alert.body]
            if kind == "script_finished":
                return "\n".join(one for one in said if one).replace("\N{WORD JOINER}", "")


def test_whom_the_proxy_names_is_let_in(behind: RunningApp) -> None:
    said = seen(behind, browser_of(behind), token())
    assert "ada@example.com" in said and "admin permission" in said and "My workspace" in said


def test_the_cookies_are_kept_to_tls_and_from_scripts(behind: RunningApp) -> None:
    given = cookies(get(behind, "/")[1])
    assert given and all("; Secure" in one and "HttpOnly" in one and "SameSite=lax" in one for one in given)
    held = {"Cookie": browser_of(behind)}
    assert not [one for one in cookies(get(behind, "/", held)[1]) if one.startswith(COOKIE)]


@pytest.mark.parametrize("header", [None, "", "ada@example.com", "x.y.z", "a stranger's", "one that is over"])
def test_a_missing_or_bad_header_lets_nobody_in(behind: RunningApp, header: str | None) -> None:
    given = {"a stranger's": token(key=STRANGER), "one that is over": token(issued=-3700)}
    said = seen(behind, browser_of(behind), given.get(header or "", header))
    assert "Sign in to see" in said and "My workspace" not in said and "ada" not in said


@pytest.mark.parametrize("name", ["X-Forwarded-Email", "X-Forwarded-User", "Remote-User", "Authorization"])
def test_no_other_header_says_who_somebody_is(behind: RunningApp, name: str) -> None:
    for header in ("ada@example.com", token()):
        assert "Sign in to see" in seen(behind, browser_of(behind), header, name)


def test_an_unknown_person_is_told_whom_to_ask(behind: RunningApp) -> None:
    said = seen(behind, browser_of(behind), token("stranger@example.com"))
    assert "stranger@example.com, who belongs to no tenant here. Please ask ada@example.com" in said
    assert "My workspace" not in said
    said = seen(behind, browser_of(behind), token(email_verified=False))
    assert "has not verified that address" in said and "My workspace" not in said


def test_what_is_signed_out_stays_so_until_the_proxy_vouches_anew(behind: RunningApp) -> None:
    cookie, old = browser_of(behind), token(issued=-60)
    assert "My workspace" in seen(behind, cookie, old)
    status, headers = get(behind, "/auth/logout", {"Cookie": cookie, HEADER: old})
    assert status == 302 and dict(headers)["location"] == "/cdn-cgi/access/logout"
    assert [one for one in cookies(headers) if one.startswith(f'{COOKIE}=""') and "Max-Age=0" in one]
    assert "You are signed out." in seen(behind, cookie, old)
    assert "You are signed out." in seen(behind, cookie, token())  # the browser's id is spent
    assert "You are signed out." in seen(behind, browser_of(behind), old)  # and so is what the proxy said before
    assert "My workspace" in seen(behind, browser_of(behind), token(issued=1))


def test_two_people_at_one_browser_are_two(behind: RunningApp) -> None:
    database.start(Settings(data_dir=behind.data_dir, database_url=None))
    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name="Next door")
        actors.add_member(conn, tenant=tenant, email="bob@example.com", name="Bob", permission="read")
    database.stop()
    cookie = browser_of(behind)
    assert "My workspace" in seen(behind, cookie, token())
    said = seen(behind, cookie, token("bob@example.com"))
    assert "Next door" in said and "read permission" in said and "My workspace" not in said


@contextmanager
def looking(browser: Browser, behind: RunningApp, header: str) -> Iterator[Page]:
    """A browser of somebody's own, to whose every request and connection the proxy adds this header."""
    context = browser.new_context(
        base_url=behind.url, viewport={"width": 1440, "height": 1000}, extra_http_headers={HEADER: header}
    )
    violations: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: violations.append(said.text) if POLICY in said.text else None)
    yield page
    assert violations == []
    context.close()


@contextmanager
def member(behind: RunningApp, email: str, tenant: str) -> Iterator[UUID]:
    """Somebody who reads in a tenant of their own; its id."""
    database.start(Settings(data_dir=behind.data_dir, database_url=None))
    try:
        with database.operate() as conn:
            made = actors.add_tenant(conn, name=tenant)
            actors.add_member(conn, tenant=made, email=email, name=email, permission="read")
        yield made
    finally:
        database.stop()


@pytest.mark.browser
def test_a_person_comes_in_goes_on_and_leaves(browser: Browser, behind: RunningApp) -> None:
    email, heading = "gil@example.com", {"name": "Activity", "exact": True}
    with member(behind, email, "Around the corner"), looking(browser, behind, token(email, issued=-30)) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
        expect(page.get_by_text("You have read permission").filter(visible=True)).to_be_visible()
        page.get_by_role("link", name="Activity").click()
        expect(page.get_by_role("heading", **heading)).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", **heading)).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/cdn-cgi/access/logout$"))  # where the proxy ends its own session
        page.goto("/activity")
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        expect(page.get_by_text("Around the corner")).to_have_count(0)
        picture(page, "proxy-signed-out")
        page.context.set_extra_http_headers({HEADER: token(email, issued=1)})
        page.goto("/activity")
        expect(page.get_by_role("heading", **heading)).to_be_visible()


@pytest.mark.browser
def test_a_member_who_is_removed_is_out_at_the_next_click(browser: Browser, behind: RunningApp) -> None:
    email = "eve@example.com"
    with member(behind, email, "Across the street") as tenant, looking(browser, behind, token(email)) as page:
        page.goto("/")
        expect(page.get_by_text("You have read permission").filter(visible=True)).to_be_visible()
        settled(page)
        with database.operate() as conn:
            conn.execute(text("DELETE FROM memberships WHERE tenant = :t"), {"t": tenant})
        page.get_by_role("link", name="Activity").click()
        expect(page.get_by_text("who belongs to no tenant here")).to_be_visible()
        expect(page.get_by_text("Across the street")).to_have_count(0)
        picture(page, "proxy-unknown")
