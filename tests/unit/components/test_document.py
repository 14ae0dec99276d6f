"""Every HTML document that is served has our CSS, our scripts and the early ones in it, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.ui.components import early_scripts
from lib.ui.components.document import OurDocument

UI = Path(__file__).resolve().parents[3] / "lib" / "ui"
IMPORTED = re.compile(r'(?<=[;}])import[^;(]*?"\./([\w.-]+\.js)"')
DOCUMENT = "<html><head></head><body><script>'</body>'</script><p>ä</p></body></html>"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "index.html").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "own.css").write_text("p { color: red; }", encoding="utf-8")
    (tmp_path / "own.js").write_text("let a = '“';", encoding="utf-8")

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
    early = ["static/js/a.1.js", "static/js/b.2.js"]
    ours = OurDocument(app, sheets=[tmp_path / "own.css"], scripts=[tmp_path / "own.js"], early=early)
    return TestClient(ours, headers={"Accept": "text/html,*/*"})


@pytest.mark.parametrize("path", ["/", "/parts"])
def test_a_document_names_early_scripts_and_ends_with_what_is_ours(client: TestClient, path: str) -> None:
    answer = client.get(path)
    links = (f'<link rel="modulepreload" crossorigin href="./static/js/{name}" />' for name in ("a.1.js", "b.2.js"))
    linked = DOCUMENT.replace("</head>", "".join(links) + "</head>")
    ours = "<style>p { color: red; }</style><script>let a = '“';</script>"
    assert answer.text == linked.replace("</body></html>", ours + "</body></html>")
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


def test_early_scripts_are_all_that_the_cards_need_and_the_document_does_not_name() -> None:
    frontend = Path(streamlit.__file__).parent / "static"
    document = (frontend / "index.html").read_text("utf-8")
    early = early_scripts.of(early_scripts.CARDS)
    for kind in early_scripts.CARDS:
        assert any(name.startswith(f"static/js/{kind}.") for name in early), f"the frontend has no {kind}"
    assert len(early) == len(set(early)) and not [name for name in early if name in document]
    imported = {name for one in early for name in IMPORTED.findall((frontend / one).read_text("utf-8"))}
    assert imported and not [name for name in imported if f"static/js/{name}" not in early and name not in document]
    assert early_scripts.of(["NoSuchKind", "../index"]) == []
