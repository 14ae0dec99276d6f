"""Twenty viewers and four senders on two web processes for minutes: errors, seconds of a page, memory from minute 1 on.

BENCH_ONLY=several asks for it; BENCH_SECONDS says how long (default 300). Each viewer looks at a page, waits as people
do, and goes on to the next. One viewer alone is measured before and after them, on the same processes.
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psutil

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from tests.bench.api import QUIET_TYPE, Client, sample
from tests.e2e.conftest import RunningApp, start_app, stop_app
from tests.support.api_client import new_token
from tests.support.viewer import viewing

_VIEWERS, _SENDERS = 20, 4
_PAGES = ("", "activity", "metrics", "workflows", "runs", "simulate")
_PAUSES = (2.0, 6.0)  # seconds that a viewer looks at a page
_EVENTS_PER_SECOND = 2  # of each sender
_ALONE_SECONDS = 30.0


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """Errors, p95 of a page for all viewers beside that of one, and how memory grew."""
    server = database.current().server
    assert server is not None
    seconds = float(os.environ.get("BENCH_SECONDS", "300"))
    web = [start_app(server.data_dir, DEMO="0") for _ in range(2)]
    try:
        with database.operate() as conn:
            tenant = actors.add_tenant(conn, name=f"Bench several {uuid4()}")
        token = new_token(Actor(tenant, uuid4(), "bench@example.com", "admin"))
        yield "load_average", os.getloadavg()[0]
        alone = _alone(web)
        errors, pages, sent, memory = _crowd(web, token, seconds)
        alone += _alone(web)
    finally:
        for one in web:
            stop_app(one)
    yield "load_average_at_the_end", os.getloadavg()[0]
    yield "several_pages", float(len(pages))
    yield "several_events", float(len(sent))
    yield "several_errors", float(len(errors))
    for error in sorted(set(errors))[:5]:
        print(f"  {error}", flush=True)
    yield "several_event_p95_ms", _p95(sent) * 1000
    yield "several_page_p95_ms", _p95(pages) * 1000
    yield "several_one_viewer_page_p95_ms", _p95(alone) * 1000
    yield "several_page_p95_ratio", _p95(pages) / _p95(alone)
    for name, (first, last) in memory.items():
        yield f"several_{name}_mb_at_minute_1", first / 2**20
        yield f"several_{name}_mb_at_the_end", last / 2**20
        yield f"several_{name}_growth_percent", (last / first - 1) * 100


def _alone(web: list[RunningApp]) -> list[float]:
    """Seconds of each page that one viewer opens."""
    return [spent for one in web for spent in _look(one, time.monotonic() + _ALONE_SECONDS / 2, (0.2, 0.4))]


def _look(app: RunningApp, until: float, pauses: tuple[float, float]) -> list[float]:
    """Open page after page in one browser's connections; the seconds from the click to the end of the script."""
    spent: list[float] = []
    while time.monotonic() < until:
        for page in random.sample(_PAGES, len(_PAGES)):
            with viewing(app.url, page=page) as viewer:
                for _ in range(3):
                    begun = time.perf_counter()
                    viewer.rerun()
                    spent.append(time.perf_counter() - begun)
                    time.sleep(random.uniform(*pauses))
                    if time.monotonic() > until:
                        return spent
    return spent


def _send(app: RunningApp, token: str, until: float) -> list[float]:
    client, payload, spent = Client(app, token), sample(QUIET_TYPE), list[float]()
    while time.monotonic() < until:
        begun = time.perf_counter()
        client.post(QUIET_TYPE, payload)
        spent.append(time.perf_counter() - begun)
        time.sleep(1 / _EVENTS_PER_SECOND)
    return spent


def _crowd(
    web: list[RunningApp], token: str, seconds: float
) -> tuple[list[str], list[float], list[float], dict[str, tuple[int, int]]]:
    """What everybody met and waited for, and the memory of each web process after a minute and at the end."""
    until = time.monotonic() + seconds
    errors: list[str] = []

    def kept(work: Callable[[], list[float]]) -> list[float]:
        spent: list[float] = []
        while time.monotonic() < until:
            try:
                spent += work()
            except (Exception, SystemExit) as error:
                errors.append(f"{type(error).__name__}: {error}")
        return spent

    first: dict[str, int] = {}
    minute = threading.Timer(min(60.0, seconds / 2), lambda: first.update(_memory(web)))
    minute.start()
    with ThreadPoolExecutor(_VIEWERS + _SENDERS) as threads:
        looking = [
            threads.submit(kept, lambda app=web[n % 2]: _look(app, until, _PAUSES))
            for n in range(_VIEWERS)  # type: ignore[misc]
        ]
        sending = [
            threads.submit(kept, lambda app=web[n % 2]: _send(app, token, until))
            for n in range(_SENDERS)  # type: ignore[misc]
        ]
        pages = [spent for one in looking for spent in one.result()]
        sent = [spent for one in sending for spent in one.result()]
    last = _memory(web)
    return errors, pages, sent, {name: (first[name], last[name]) for name in first}


def _memory(web: list[RunningApp]) -> dict[str, int]:
    """Resident bytes of each web process, and of the children that it started."""
    found = {}
    for n, one in enumerate(web):
        process = psutil.Process(one.process.pid)
        found[f"web{n + 1}"] = process.memory_info().rss
        found[f"web{n + 1}_children"] = sum(
            child.memory_info().rss for child in process.children() if "sandbox" in " ".join(child.cmdline())
        )
    return found


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
