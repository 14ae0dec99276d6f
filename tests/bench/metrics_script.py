"""The metrics page's script run against the same page drawn from constants: what our data costs a viewer."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database, metrics
from lib.auth import Actor
from lib.ui import metrics_event
from tests.bench.catalog_sql import median_ms

_SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "shell.py")


def figures(actor: Actor) -> Iterator[tuple[str, float]]:
    """Script time of the busiest event's page over 90 days with its statements, with constants, and the ratio."""
    logging.disable(logging.WARNING)
    with database.operate() as conn:
        name = conn.execute(text("SELECT event_name FROM bench.types ORDER BY n LIMIT 1")).scalar_one()
    app = _open(name)
    real = median_ms(app.run)
    known: dict[str, object] = {}

    def remember(which: str, load: object) -> object:
        def wrapped(*args: object, **kwargs: object) -> object:
            if which not in known:
                known[which] = load(*args, **kwargs)  # type: ignore[operator]
            return known[which]

        return wrapped

    with (
        mock.patch.object(metrics_event, "load", remember("event", metrics_event.load)),
        mock.patch.object(metrics, "how_many", remember("total", metrics.how_many)),
        mock.patch.object(metrics, "recent", remember("recent", metrics.recent)),
    ):
        app.run()
        with mock.patch.object(database, "read", lambda actor: contextlib.nullcontext()):
            constants = median_ms(app.run)
    yield "metrics_script_ms", real
    yield "metrics_script_constants_ms", constants
    yield "metrics_script_ratio", real / constants


def _open(name: str) -> AppTest:
    app = AppTest.from_file(_SHELL, default_timeout=60).run()
    app.query_params["eventType"] = name
    app.query_params["range"] = "90d"
    app.switch_page("metrics.py").run()
    if app.exception or len(app.metric) < 8:
        raise SystemExit(f"The page did not render: {app.exception}")
    return app
