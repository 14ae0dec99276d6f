"""What the catalog and the registry cost with 10,000 types of a tenant's own, beside the system's types alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping

from lib import database
from lib.auth.actors import Actor
from tests.bench.cpu import Meter
from tests.e2e.conftest import start_app, stop_app
from tests.support import own_types
from tests.support.viewer import viewing

_ROUNDS, _RERUNS = 5, 10

#: Pages with their parameters. The last search finds all of the tenant's own types, and nothing where there are none.
_VIEWS: Mapping[str, tuple[str, dict[str, str]]] = {
    "catalog": ("", {}),
    "catalog_by_name": ("", {"view": "list", "sort": "name"}),
    "catalog_search": ("", {"q": "ticket"}),
    "catalog_search_own": ("", {"q": "own event"}),
    "registry": ("schemas", {}),
    "registry_search": ("schemas", {"q": "ticket"}),
    "registry_search_own": ("schemas", {"q": "own"}),
}


def figures(actor: Actor) -> Iterator[tuple[str, float]]:
    """CPU of a rerun of each page, PostgreSQL's included, without and with own types, and the one by the other."""
    opened = database.current()
    assert opened.server is not None
    app = start_app(opened.server.data_dir, DEMO="0")
    try:
        meter = Meter.of(app)
        without = {name: _cpu_ms(meter, app.url, *view) for name, view in _VIEWS.items()}
        own_types.add(opened.owner, actor.tenant)
        try:
            with_own = {name: _cpu_ms(meter, app.url, *view) for name, view in _VIEWS.items()}
        finally:
            own_types.remove(opened.owner, actor.tenant)
    finally:
        stop_app(app)
    for name, before in without.items():
        yield f"own_types_{name}_none_cpu_ms", before
        yield f"own_types_{name}_many_cpu_ms", with_own[name]
        yield f"own_types_{name}_ratio", with_own[name] / before


def _cpu_ms(meter: Meter, url: str, page: str, query: dict[str, str]) -> float:
    """Median of rounds of reruns; the system counts CPU in hundredths of a second."""

    def look() -> None:
        for _ in range(_RERUNS):
            viewer.rerun()

    with viewing(url, page=page, query=query) as viewer:
        look()
        return statistics.median(meter.taken_by(look).total for _ in range(_ROUNDS)) / _RERUNS * 1000
