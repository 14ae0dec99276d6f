"""What browsers are told with every response: where scripts, pictures and connections may come from, and who may frame.

Inline scripts are allowed by their hashes, which are computed at the start from what is served. Scripts from blob: URLs
are allowed because Streamlit loads the components of an application so (docs/decisions/0090).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.auth import sign_in_settings
from lib.settings import settings

#: Streamlit's own counters: for the machine that it runs on.
_FOR_THIS_MACHINE = "/_stcore/metrics"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
# How long a browser shall come by TLS only, once it did: a year.
_HSTS = "max-age=31536000"

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


class WebSecurity:
    """Adds the security headers to every response that has none of its own, and Secure to cookies that come by TLS.

    By TLS come requests that say so, and all of an app whose public address begins with https.
    `documents` are HTML files that are served with inline scripts in them, `scripts` are inline scripts of ours.
    """

    def __init__(self, app: ASGIApp, *, documents: Iterable[Path] = (), scripts: Iterable[str] = ()) -> None:
        self._app = app
        served = [text for path in documents for text in _INLINE_SCRIPT.findall(path.read_text(encoding="utf-8"))]
        self._by_tls = (sign_in_settings.origin(settings()) or "").startswith("https://")
        self._headers = _encoded(headers_of(policy([*served, *scripts], settings().frame_ancestors)))
        self._headers_by_tls = self._headers | _encoded({"Strict-Transport-Security": _HSTS})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent, ours = list(message.get("headers", ())), self._headers
                if scope.get("scheme") == "https" or self._by_tls:
                    sent, ours = [_secured(header) for header in sent], self._headers_by_tls
                own = {name for name, _ in sent}
                message["headers"] = sent + [header for header in ours.items() if header[0] not in own]
            await send(message)

        answer = self._app if _may_ask(scope) else PlainTextResponse("Not Found", status_code=404)
        await answer(scope, receive, send_with_headers)


def policy(scripts: Iterable[str], frame_ancestors: str) -> str:
    """The Content-Security-Policy of pages with these inline scripts, which these sites may frame."""
    hashes = " ".join(dict.fromkeys(f"'sha256-{_hash(script)}'" for script in scripts))
    framed_by = frame_ancestors.strip() or "'none'"
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            f"frame-ancestors {framed_by}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def headers_of(content_security_policy: str) -> dict[str, str]:
    """Every header that a response of a page has, by name."""
    headers = {
        "Content-Security-Policy": content_security_policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if "frame-ancestors 'none'" in content_security_policy:
        headers["X-Frame-Options"] = "DENY"  # it knows no list of sites, so it speaks only where it says the same
    return headers


def _encoded(headers: dict[str, str]) -> dict[bytes, bytes]:
    """Headers as ASGI has them."""
    return {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _may_ask(scope: Scope) -> bool:
    """Whether the request may have that: Streamlit's counters are for this machine alone."""
    if not scope["path"].rstrip("/").endswith(_FOR_THIS_MACHINE):
        return True
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):
        return False  # a proxy on this machine asks for somebody else
    try:
        return ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


def _secured(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return header
    return name, value + b"; Secure"
