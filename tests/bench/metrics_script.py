"""The metrics page's script run against the same page drawn from constants: what our data costs a viewer."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.metrics import reports
from lib.ui.metrics import event_metrics
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
        mock.patch.object(event_metrics, "load", remember("event", event_metrics.load)),
        mock.patch.object(reports, "how_many", remember("total", reports.how_many)),
        mock.patch.object(reports, "recent", remember("recent", reports.recent)),
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
