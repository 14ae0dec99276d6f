"""What the browser keeps of a sign-in: cookies that only TLS carries, and the way back to the page one came from.

Streamlit serves the routes of sign-in. It answers in plain text where the provider does not answer, and leads everybody
to the first page. This middleware stands in front of them. It does nothing where no sign-in is configured.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.server_util import AUTH_COOKIE_NAME
from streamlit.web.server.starlette import starlette_auth_routes

from lib import database
from lib.auth import sessions, sign_in_settings
from lib.errors import CatalogError
from lib.serialization import strict_json
from lib.settings import settings
from lib.ui.people import sign_in, vouched

_LOGIN, _LOGOUT = "/auth/login", "/auth/logout"
_RETURN_COOKIE = "event_catalog_return"
_RETURN_SECONDS = 600
_LONGEST_RETURN = 2000


class SignInMiddleware:
    """Completes what Streamlit answers to browsers that sign in or out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not sign_in.is_configured():
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if scope["path"] == _LOGOUT:
            await to_thread.run_sync(_end, request)
        if settings().auth == "proxy":
            await self._with_proxy(request, receive, send)
        elif scope["path"] in (_LOGIN, sign_in_settings.CALLBACK_PATH):
            await self._app(scope, receive, _Answer(request, send))
        else:
            await self._app(scope, receive, send)

    async def _with_proxy(self, request: Request, receive: Receive, send: Send) -> None:
        if request.url.path == _LOGOUT:
            leave = RedirectResponse(settings().proxy_sign_out_url or "/", status_code=302)
            leave.delete_cookie(vouched.BROWSER_COOKIE)
            await leave(request.scope, receive, send)
        elif _is_page(request) and vouched.BROWSER_COOKIE not in request.cookies:
            # It is there before the page connects, which is when Streamlit reads the cookies.
            cookie = _cookie(vouched.BROWSER_COOKIE, secrets.token_urlsafe(32))
            await self._app(request.scope, receive, partial(_send_with_cookie, send, cookie))
        else:
            await self._app(request.scope, receive, send)


class _Answer:
    """Sends on what Streamlit answers to a sign-in, and leads to the page that the person came from."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request, self._send = request, send
        self._is_replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.start":
            if not self._is_replaced:
                await self._send(message)
            return
        if self._request.url.path == _LOGIN:
            if message["status"] >= 400:
                self._is_replaced = True
                await self._redirect("unavailable")
                return
            back = _return_path(self._request)
            message = _with_cookie(message, _cookie(_RETURN_COOKIE, quote(back), max_age=_RETURN_SECONDS))
        elif self._request.query_params.keys() & {"code", "error"}:
            headers = MutableHeaders(raw=list(message["headers"]))
            headers["location"] = self._way_back(headers)
            message = _with_cookie({**message, "headers": headers.raw}, _cookie(_RETURN_COOKIE, "", max_age=0))
        await self._send(message)

    def _way_back(self, headers: Headers) -> str:
        back = _local(unquote(self._request.cookies.get(_RETURN_COOKIE, "")))
        signed_in = any(
            value.startswith(f"{AUTH_COOKIE_NAME}=") and "Max-Age=0" not in value
            for value in headers.getlist("set-cookie")
        )
        return back if signed_in else _with_answer(back, "failed")

    async def _redirect(self, told: str) -> None:
        away = RedirectResponse(_with_answer(_return_path(self._request), told), status_code=302)
        await away(self._request.scope, self._request.receive, self._send)


def _return_path(request: Request) -> str:
    """The page that the request comes from, if it is one of ours."""
    with suppress(ValueError):
        parts = urlsplit(request.headers.get("referer", ""))
        if f"{parts.scheme}://{parts.netloc}" == sign_in_settings.origin(settings()):
            return _local(f"{parts.path}?{parts.query}")
    return "/"


def _local(address: str) -> str:
    """The address if it leads to a page of ours, without what a sign-in before had to say."""
    with suppress(ValueError):
        parts = urlsplit(address)
        is_ours = (
            parts.path.startswith("/") and not parts.scheme and not parts.netloc and len(address) < _LONGEST_RETURN
        )
        if is_ours and not parts.path.startswith(("//", "/\\", "/auth/", sign_in_settings.CALLBACK_PATH)):
            kept = [(name, value) for name, value in parse_qsl(parts.query) if name != sign_in.PARAMETER]
            return quote(parts.path, safe="/%") + (f"?{urlencode(kept)}" if kept else "")
    return "/"


def _with_answer(back: str, said: str) -> str:
    return f"{back}{'&' if '?' in back else '?'}{sign_in.PARAMETER}={said}"


def _end(request: Request) -> None:
    """End the sign-in that the request presents; whether the page did so before it led here or not."""
    with suppress(CatalogError, ValueError):
        identity = presented(request)
        if identity is not None:
            with database.operate() as conn:
                sessions.sign_out(conn, proof=identity.proof)


def presented(request: Request) -> sessions.Identity | None:
    """Whom the request's browser proves to be signed in; None for nobody. Raises SignInRefused, SignInUnavailable."""
    if settings().auth == "proxy":
        browser = request.cookies.get(vouched.BROWSER_COOKIE, "")
        token = request.headers.get(settings().proxy_header or "", "")
        return vouched.proxy_tokens().identity(token, browser=browser)
    kept = starlette_auth_routes._get_cookie_value_from_request(request, AUTH_COOKIE_NAME)
    claims = strict_json.loads(kept.decode()) if kept else None
    return vouched.by_provider(claims) if isinstance(claims, dict) else None


def _is_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _cookie(name: str, value: str, *, max_age: int | None = None) -> str:
    made = Response()
    made.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax")
    return made.headers["set-cookie"]


def _with_cookie(message: Message, cookie: str) -> Message:
    headers = MutableHeaders(raw=list(message["headers"]))
    headers.append("set-cookie", cookie)
    return {**message, "headers": headers.raw}


async def _send_with_cookie(send: Send, cookie: str, message: Message) -> None:
    await send(_with_cookie(message, cookie) if message["type"] == "http.response.start" else message)
