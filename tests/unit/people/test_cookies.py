"""The way to the provider keeps the page that the person came from, and nothing that a browser may say breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lib import settings as settings_module
from lib.ui.people.cookies import SignInMiddleware

OURS, PROVIDER = "https://catalog.example.com", "https://login.example.com/authorize"
SETTINGS = {
    "AUTH": "oidc",
    "PUBLIC_URL": OURS,
    "OIDC_CLIENT_ID": "catalog",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_ISSUER": "https://login.example.com",
    "COOKIE_SECRET": "x" * 40,
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser in front of the middleware. What Streamlit would answer stands behind it."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    settings_module.settings.cache_clear()
    yield TestClient(SignInMiddleware(Starlette(routes=[Route("/auth/login", _login)])), base_url=OURS)
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def _login(request: Request) -> Response:
    return Response(status_code=503) if "away" in request.query_params else RedirectResponse(PROVIDER, 302)


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (None, "/"),
        (f"{OURS}/activity?status=ERROR", "/activity%3Fstatus%3DERROR"),
        ("https://evil.example.com/activity", "/"),
        ("http://[", "/"),
        ("http://[x]/", "/"),
        (f"{OURS}[/activity", "/"),
    ],
)
def test_signing_in_leads_to_the_provider_whatever_the_referer_says(
    client: TestClient, referer: str | None, back: str
) -> None:
    headers = {} if referer is None else {"Referer": referer}
    answer = client.get("/auth/login", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, PROVIDER)
    assert answer.headers["set-cookie"].startswith(f'event_catalog_return="{back}";')


@pytest.mark.parametrize("referer", ["http://[", "http://[x]/"])
def test_a_provider_that_is_away_is_told_whatever_the_referer_says(client: TestClient, referer: str) -> None:
    answer = client.get("/auth/login?away=1", headers={"Referer": referer}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/?signIn=unavailable")
