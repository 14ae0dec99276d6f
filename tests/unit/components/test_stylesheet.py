"""Every HTML document that is served has our CSS in it, at the end of its body, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.ui.components.stylesheet import Stylesheet

UI = Path(__file__).resolve().parents[3] / "lib" / "ui"
DOCUMENT = "<html><head></head><body><script>'</body>'</script><p>ä</p></body></html>"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "index.html").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "own.css").write_text("p { color: red; }", encoding="utf-8")

    def in_parts(_: Request) -> Response:
        middle = len(DOCUMENT) - 10
        return StreamingResponse(iter([DOCUMENT[:middle], DOCUMENT[middle:]]), media_type="text/html")

    app = Starlette(
        routes=[
            Route("/", lambda _: FileResponse(tmp_path / "index.html")),
            Route("/parts", in_parts),
            Route("/data", lambda _: JSONResponse({"html": DOCUMENT})),
            Route("/half", lambda _: Response("<p>no body", media_type="text/html")),
        ]
    )
    return TestClient(Stylesheet(app, sheets=[tmp_path / "own.css"]), headers={"Accept": "text/html,*/*"})


@pytest.mark.parametrize("path", ["/", "/parts"])
def test_a_document_ends_with_the_sheet(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == DOCUMENT.replace("</body></html>", "<style>p { color: red; }</style></body></html>")
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_browser_keeps_no_document_with_an_older_sheet(client: TestClient) -> None:
    first = client.get("/")
    assert "etag" not in first.headers and "last-modified" not in first.headers
    assert client.get("/", headers={"If-Modified-Since": "Sun, 29 Nov 2099 00:00:00 GMT"}).status_code == 200


def test_no_rule_asks_what_the_whole_app_has() -> None:
    """A browser would look at all of the page anew with each element that comes: twice the work on styles."""
    sheets = [*UI.rglob("*.css")]
    asked = [
        f"{sheet.name}: {found[0]}"
        for sheet in sheets
        for found in re.finditer(
            r"(?:^|[\s,(])(?:\*|html|body|:root|\.stApp|\.stMain)[^\s,{]*:has\(", sheet.read_text("utf-8")
        )
    ]
    assert len(sheets) > 5 and not asked


def test_what_is_no_document_is_as_it_was(client: TestClient) -> None:
    assert client.get("/data").json() == {"html": DOCUMENT}
    assert client.get("/half").text == "<p>no body"
    assert client.get("/missing").status_code == 404
    assert client.get("/", headers={"Accept": "application/json"}).text == DOCUMENT
