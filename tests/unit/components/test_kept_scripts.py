"""What never changes is read from its file once, and answered as the file would be."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from lib.ui.components import kept_scripts
from lib.ui.components.kept_scripts import KeptScripts

FOREVER = "public, immutable, max-age=31536000"


class Files(StaticFiles):
    """Files whose names say what is in them, and how often one was read."""

    def __init__(self, folder: Path, cache_control: str = FOREVER) -> None:
        super().__init__(directory=folder)
        self.cache_control, self.reads = cache_control, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reads += 1
        await super().__call__(scope, receive, send)

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["cache-control"] = self.cache_control
        return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "index.a1b2.js").write_bytes(b"let a = 1;\n" * 20_000)
    return tmp_path


def browser_of(files: Files) -> TestClient:
    return TestClient(KeptScripts(Starlette(routes=[Mount("/static", files)])))


def test_a_script_is_read_once_and_answered_alike(folder: Path) -> None:
    files = Files(folder)
    browser = browser_of(files)
    first, again = (browser.get("/static/js/index.a1b2.js") for _ in range(2))
    assert files.reads == 1
    assert (again.status_code, again.content, again.headers) == (200, first.content, first.headers)
    assert again.content == (folder / "js" / "index.a1b2.js").read_bytes()


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"range": "bytes=0-9"}, 206), ({"if-none-match": "{etag}"}, 304), ({"if-modified-since": "{modified}"}, 304)],
)
def test_who_asks_for_less_gets_less(folder: Path, asked: dict[str, str], status: int) -> None:
    browser = browser_of(Files(folder))
    whole = browser.get("/static/js/index.a1b2.js").headers
    given = {name: value.format(etag=whole["etag"], modified=whole["last-modified"]) for name, value in asked.items()}
    assert browser.get("/static/js/index.a1b2.js", headers=given).status_code == status
    assert browser.get("/static/js/index.a1b2.js").status_code == 200


def test_what_may_change_is_read_anew(folder: Path) -> None:
    files = Files(folder, "no-cache")
    browser = browser_of(files)
    browser.get("/static/js/index.a1b2.js")
    (folder / "js" / "index.a1b2.js").write_bytes(b"let b;")
    assert browser.get("/static/js/index.a1b2.js").content == b"let b;"
    assert files.reads == 2


def test_what_is_not_there_may_come(folder: Path) -> None:
    browser = browser_of(Files(folder))
    assert browser.get("/static/js/later.js").status_code == 404
    (folder / "js" / "later.js").write_bytes(b"let c;")
    assert browser.get("/static/js/later.js").content == b"let c;"


def test_no_more_is_kept_than_there_is_room_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_scripts, "_MOST_BYTES", 5)
    files = Files(folder)
    browser = browser_of(files)
    assert [browser.get("/static/js/index.a1b2.js").status_code for _ in range(2)] == [200, 200]
    assert files.reads == 2


def test_an_answer_that_breaks_off_is_not_kept() -> None:
    asked = 0

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        headers = [(b"cache-control", FOREVER.encode()), (b"content-length", b"10")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half"})

    browser = TestClient(KeptScripts(broken))
    assert [browser.get("/static/x.js").content for _ in range(2)] == [b"half", b"half"]
    assert asked == 2


def test_only_what_is_static_is_kept() -> None:
    asked = 0

    def answer(_: object) -> Response:
        nonlocal asked
        asked += 1
        return Response("told", headers={"cache-control": FOREVER})

    browser = TestClient(KeptScripts(Starlette(routes=[Route("/api/v2/events", answer)])))
    assert [browser.get("/api/v2/events").text for _ in range(2)] == ["told", "told"]
    assert asked == 2
