"""Which requests the API answers, and which are for the pages."""

from __future__ import annotations

import pytest

from lib.api.application import is_ours

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PROMETHEUS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;q=0.5,text/plain;q=0.3,*/*;q=0.1"


@pytest.mark.parametrize(
    ("path", "accept", "ours"),
    [
        ("/metrics", BROWSER, False),
        ("/metrics", PROMETHEUS, True),
        ("/metrics", "*/*", True),
        ("/metrics", None, True),
        ("/metrics/_stcore/stream", BROWSER, False),
        ("/healthz", BROWSER, True),
        ("/readyz", None, True),
        ("/api", None, True),
        ("/api/v2/events", BROWSER, True),
        ("/apiary", None, False),
        ("/", BROWSER, False),
    ],
)
def test_the_api_and_the_pages_share_the_host(path: str, accept: str | None, ours: bool) -> None:
    headers = [(b"accept", accept.encode())] if accept else []
    assert is_ours({"type": "http", "path": path, "headers": headers}) is ours


@pytest.mark.parametrize("accept", [(PROMETHEUS, BROWSER), (BROWSER, PROMETHEUS)])
def test_html_may_be_wanted_by_any_of_several_headers(accept: tuple[str, str]) -> None:
    headers = [(b"accept", one.encode()) for one in accept]
    assert not is_ours({"type": "http", "path": "/metrics", "headers": headers})
