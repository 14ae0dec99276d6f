"""Our pages against bare Streamlit processes that draw the same elements from constants, over real websockets.

A bare process has loaded Streamlit and nothing of ours, so that whatever our process as a whole makes dearer shows.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from tests.e2e.conftest import RunningApp, free_port, launch_app, served, start_app, stop_app
from tests.support.viewer import Viewer, viewing

_ROUNDS = 7
_RERUNS = 10  # a round; the system counts CPU time in steps of 10 ms
_VIEWERS = 20
_RERUNS_EACH = 3  # of each viewer, a round
_ROUNDS_AT_ONCE = 3


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """CPU of a rerun of each page beside its bare twin, and reruns of the catalog a second for 20 viewers at once."""
    server = database.current().server
    assert server is not None
    with database.operate() as conn:
        event_type = conn.execute(text("SELECT event_name FROM bench.types ORDER BY n LIMIT 1")).scalar_one()
    app = start_app(server.data_dir, DEMO="0")
    try:
        with bare("empty", server.data_dir) as empty, viewing(empty.url) as viewer:
            yield "empty_bare_cpu_ms", statistics.median(_cpu_ms(empty, viewer) for _ in range(_ROUNDS))
        with bare("catalog", server.data_dir) as twin:
            yield from _cpu("catalog", app, twin)
            yield from _at_once(app, twin)
        with bare("metrics", server.data_dir) as twin:
            yield from _cpu("metrics", app, twin, page="metrics", query={"eventType": event_type})
    finally:
        stop_app(app)


@contextmanager
def bare(name: str, folder: Path) -> Iterator[RunningApp]:
    """A Streamlit process that runs one of the scripts in `bare/`."""
    twin = launch_app(folder, free_port(), program=("streamlit", "run", f"tests/bench/bare/{name}.py"))
    try:
        yield served(twin)
    finally:
        stop_app(twin)


def _cpu(
    name: str, app: RunningApp, twin: RunningApp, *, page: str = "", query: dict[str, str] | None = None
) -> Iterator[tuple[str, float]]:
    """Milliseconds of CPU that a rerun takes of either process, by turns, and how many times the twin's is ours."""
    with viewing(app.url, page=page, query=query) as viewer, viewing(twin.url) as twins_viewer:
        viewer.rerun()  # the first one reads the URL
        ours, theirs = viewer.rerun(), twins_viewer.rerun()
        if ours != theirs:
            raise SystemExit(f"The twin of {name} draws other elements: ours {ours - theirs}, its {theirs - ours}")
        rounds = [(_cpu_ms(app, viewer), _cpu_ms(twin, twins_viewer)) for _ in range(_ROUNDS)]
    yield f"{name}_cpu_ms", statistics.median(ours for ours, _ in rounds)
    yield f"{name}_bare_cpu_ms", statistics.median(theirs for _, theirs in rounds)
    yield f"{name}_cpu_ratio", statistics.median(ours / theirs for ours, theirs in rounds)


def _cpu_ms(app: RunningApp, viewer: Viewer) -> float:
    process = psutil.Process(app.process.pid)
    before = process.cpu_times()
    for _ in range(_RERUNS):
        viewer.rerun()
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / _RERUNS * 1000


def _at_once(app: RunningApp, twin: RunningApp) -> Iterator[tuple[str, float]]:
    """Reruns of the catalog a second for 20 viewers at once, of either process by turns."""
    with ExitStack() as opened:
        ours, theirs = ([opened.enter_context(viewing(one.url)) for _ in range(_VIEWERS)] for one in (app, twin))
        for viewers in (ours, theirs):
            _per_second(viewers)
        rounds = [(_per_second(ours), _per_second(theirs)) for _ in range(_ROUNDS_AT_ONCE)]
    yield f"catalog_{_VIEWERS}_viewers_per_s", statistics.median(ours for ours, _ in rounds)
    yield f"catalog_{_VIEWERS}_viewers_bare_per_s", statistics.median(theirs for _, theirs in rounds)
    yield f"catalog_{_VIEWERS}_viewers_ratio", statistics.median(ours / theirs for ours, theirs in rounds)


def _per_second(viewers: list[Viewer]) -> float:
    def look(viewer: Viewer) -> None:
        for _ in range(_RERUNS_EACH):
            viewer.rerun()

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(viewers)) as threads:
        list(threads.map(look, viewers))
    return len(viewers) * _RERUNS_EACH / (time.perf_counter() - begun)
