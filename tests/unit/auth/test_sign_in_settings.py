"""A start without what sign-in needs is refused, with one sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lib.auth import sign_in_settings
from lib.errors import ConfigurationError
from lib.settings import Settings

SECRET = "drawn at random, for these tests alone"
OIDC: dict[str, Any] = {
    "auth": "oidc",
    "oidc_issuer": "https://id.example.com/",
    "oidc_client_id": "catalog",
    "oidc_client_secret": "s",
    "public_url": "https://catalog.example.com/",
    "cookie_secret": SECRET,
}
PROXY: dict[str, Any] = {
    "auth": "proxy",
    "proxy_header": "X-Token",
    "proxy_jwks_url": "https://proxy.example.com/keys",
    "proxy_issuer": "https://proxy.example.com",
    "proxy_audience": "catalog",
}


def settings(given: dict[str, Any], **other: Any) -> Settings:
    return Settings(_env_file=None, **{**given, **other})  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "given",
    [
        OIDC,
        {**OIDC, "oidc_issuer": None, "oidc_metadata_url": "https://id.example.com/here"},
        {**OIDC, "public_url": None, "oidc_redirect_uri": "http://localhost:8501/oauth2callback"},
        PROXY,
        {**PROXY, "proxy_jwks_url": None, "proxy_key_file": Path("key.pem")},
        {**PROXY, "proxy_jwks_url": "http://127.0.0.1:9/keys"},
        {**PROXY, "database_url": "postgresql://db.example.com/x"},
        {"auth": "off", "database_url": "postgresql://db.example.com/x"},
        {"auth": None},
    ],
)
def test_what_is_complete_is_taken(given: dict[str, Any]) -> None:
    sign_in_settings.check(settings(given))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({**OIDC, "oidc_issuer": None}, "AUTH=oidc needs OIDC_ISSUER or OIDC_METADATA_URL;"),
        ({**OIDC, "oidc_client_id": None}, "AUTH=oidc needs OIDC_CLIENT_ID;"),
        ({**OIDC, "oidc_client_secret": None}, "AUTH=oidc needs OIDC_CLIENT_SECRET;"),
        ({**OIDC, "public_url": None}, "AUTH=oidc needs PUBLIC_URL or OIDC_REDIRECT_URI;"),
        ({**OIDC, "cookie_secret": None}, "AUTH=oidc needs COOKIE_SECRET;"),
        ({"auth": "oidc"}, "OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, PUBLIC_URL or OIDC_REDIRECT_URI, COOKIE_SECRET;"),
        ({**OIDC, "cookie_secret": "x" * 31}, "COOKIE_SECRET must have at least 32 characters"),
        ({**OIDC, "oidc_redirect_uri": "https://catalog.example.com/back"}, "OIDC_REDIRECT_URI must end in"),
        ({**OIDC, "public_url": "http://catalog.example.com"}, "PUBLIC_URL must begin with https://"),
        ({**OIDC, "oidc_issuer": "http://id.example.com"}, "OIDC_ISSUER must begin with https://"),
        ({**PROXY, "proxy_header": None}, "AUTH=proxy needs PROXY_HEADER;"),
        ({**PROXY, "proxy_jwks_url": None}, "AUTH=proxy needs PROXY_JWKS_URL or PROXY_KEY_FILE;"),
        ({**PROXY, "proxy_issuer": None}, "AUTH=proxy needs PROXY_ISSUER;"),
        ({**PROXY, "proxy_audience": None}, "AUTH=proxy needs PROXY_AUDIENCE;"),
        ({**PROXY, "proxy_jwks_url": "http://proxy.example.com/keys"}, "PROXY_JWKS_URL must begin with https://"),
        ({**PROXY, "proxy_algorithms": "RS256,HS256"}, "PROXY_ALGORITHMS must be some of"),
        ({**PROXY, "proxy_algorithms": "none"}, "PROXY_ALGORITHMS must be some of"),
        ({**PROXY, "proxy_algorithms": ","}, "PROXY_ALGORITHMS must be some of"),
        ({"auth": None, "database_url": "postgresql://db.example.com/x"}, "no sign-in is configured"),
    ],
)
def test_what_is_missing_or_unsafe_is_named(given: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        sign_in_settings.check(settings(given))
    assert names in str(refused.value) and "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_addresses_follow_from_the_settings() -> None:
    given = settings(OIDC)
    assert sign_in_settings.metadata_url(given) == "https://id.example.com/.well-known/openid-configuration"
    assert sign_in_settings.redirect_uri(given) == "https://catalog.example.com/oauth2callback"
    assert sign_in_settings.origin(given) == "https://catalog.example.com"
    assert sign_in_settings.origin(settings({})) is None
