"""What the start leaves on the heap: nothing that Streamlit's collection after every script run would look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import urlopen

import pytest

from tests.e2e.conftest import RunningApp, free_port, launch_app, prepare, served, stop_app
from tests.support.viewer import viewing

EVENT = {"eventType": "TICKET_CREATED"}
PAGES: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    ("", {"view": "List"}),
    ("metrics", {}),
    ("metrics", {**EVENT, "range": "30d"}),
    ("simulate", EVENT),
    ("activity", {}),
    ("workflows", {}),
    ("runs", {}),
    ("designer", {}),
    ("event", EVENT),
]


@dataclass(frozen=True)
class Heap:
    """What a process has on it: objects that are collected no more, those that are, and the modules loaded."""

    frozen: int
    tracked: int
    modules: frozenset[str]


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app, with one address more that tells its heap."""
    folder = prepare(tmp_path_factory.mktemp("probed"))
    app = launch_app(folder, free_port(), program=("tests.support.heap_probe",), DEMO="0")
    try:
        yield served(app)
    finally:
        stop_app(app)


def test_visiting_every_page_leaves_next_to_nothing_to_collect(probed: RunningApp) -> None:
    started = heap(probed)
    assert started.frozen > 200_000
    assert started.tracked < 10_000
    for page, query in PAGES:
        with viewing(probed.url, page=page, query=query) as viewer:
            viewer.rerun()
    seen = heap(probed)
    assert seen.tracked < 30_000
    ours = {name for name in seen.modules - started.modules if name.split(".")[0] in {"lib", "pandas", "altair"}}
    assert ours == set()


def heap(app: RunningApp) -> Heap:
    with urlopen(f"{app.url}/heap", timeout=30) as answer:
        told = json.load(answer)
    return Heap(told["frozen"], told["tracked"], frozenset(told["modules"]))
