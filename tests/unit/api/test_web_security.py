"""Every response of a page says what the browser may do; the API's own say less."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import streamlit
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config

from lib.api import WebSecurity
from lib.api.web_security import headers_of, policy
from lib.settings import Settings


def _page(request: Request) -> Response:
    answer = PlainTextResponse("hello", headers={"X-Content-Type-Options": "nosniff"})
    answer.set_cookie("plain", "1")
    answer.set_cookie("own", "2", secure=True)
    return answer


def _own(request: Request) -> Response:
    return PlainTextResponse("api", headers={"Content-Security-Policy": "default-src 'none'"})


def client(*, base_url: str = "http://testserver", address: str = "192.0.2.7", **more: Any) -> TestClient:
    routes = [Route("/api/own", _own), Route("/{path:path}", _page)]
    return TestClient(WebSecurity(Starlette(routes=routes), **more), base_url=base_url, client=(address, 1))


def directives(text: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in text.split("; "))}


@pytest.mark.parametrize("path", ["/", "/metrics", "/_stcore/health", "/media/x.csv", "/nowhere", "/static/js/x.js"])
def test_every_path_has_the_headers(path: str) -> None:
    answer = client().get(path)
    wanted = headers_of(policy([], ""))
    assert {name: answer.headers[name] for name in wanted} == wanted
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


def test_what_has_a_policy_of_its_own_keeps_it() -> None:
    assert client().get("/api/own").headers.get_list("content-security-policy") == ["default-src 'none'"]


def test_inline_scripts_are_allowed_by_the_hash_of_what_is_served() -> None:
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    answer = client(documents=[index], scripts=["history"]).get("/")
    allowed = directives(answer.headers["content-security-policy"])["script-src"]
    assert allowed[:2] == ["'self'", "blob:"] and "'unsafe-inline'" not in allowed and "'unsafe-eval'" not in allowed
    assert f"'sha256-{base64.b64encode(hashlib.sha256(b'history').digest()).decode()}'" in allowed
    assert len(allowed) == 2 + 1 + index.read_text(encoding="utf-8").count("<script>")


def test_who_may_frame_is_a_setting() -> None:
    assert directives(policy([], ""))["frame-ancestors"] == ["'none'"]
    assert headers_of(policy([], ""))["X-Frame-Options"] == "DENY"
    framed = policy([], "https://intranet.example 'self'")
    assert directives(framed)["frame-ancestors"] == ["https://intranet.example", "'self'"]
    assert "X-Frame-Options" not in headers_of(framed)
    with pytest.raises(ValidationError, match="frame_ancestors"):
        Settings(frame_ancestors="https://a.example; script-src *")


def test_by_tls_cookies_are_secure_and_the_browser_stays_with_it() -> None:
    plain = client().get("/")
    assert "strict-transport-security" not in plain.headers
    assert [("Secure" in one) for one in plain.headers.get_list("set-cookie")] == [False, True]
    tls = client(base_url="https://testserver").get("/")
    assert tls.headers["strict-transport-security"] == "max-age=31536000"
    assert [one.count("Secure") for one in tls.headers.get_list("set-cookie")] == [1, 1]


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/simulate/_stcore/metrics"])
def test_streamlits_counters_are_for_this_machine_alone(path: str) -> None:
    assert client().get(path).status_code == 404
    here = client(address="127.0.0.1")
    assert here.get(path).status_code == 200
    assert client(address="::1").get(path).status_code == 200
    assert client(address="").get(path).status_code == 404
    for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert here.get(path, headers={name: "192.0.2.7"}).status_code == 404, name


def test_streamlit_is_told_to_trust_and_offer_nothing_more() -> None:
    config.get_config_options(force_reparse=True)
    assert config.get_option("client.allowedOrigins") == []
    assert config.get_option("server.enableAgentApi") is False
    assert not config.get_option("server.trustedUserHeaders")
    assert config.get_option("server.enableXsrfProtection") is True
