"""The catalog page's script run against the same page drawn from constants: what our data costs a viewer."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.catalog import entries
from tests.bench.catalog_sql import median_ms
from tests.bench.data import NOW

_SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "shell.py")


def figures(actor: Actor) -> Iterator[tuple[str, float]]:
    """Script time of the page with its statements, with constants in their place, and the ratio."""
    logging.disable(logging.WARNING)
    real = median_ms(_run)
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=entries.Filters(), now=NOW)
        types = [entry.event_type for entry in page.entries]
        activity = entries.activity(conn, tenant=actor.tenant, event_types=types, now=NOW)
    with (
        mock.patch.object(entries, "page", return_value=page),
        mock.patch.object(entries, "activity", return_value=activity),
        mock.patch.object(preferences, "get", return_value=None),
        mock.patch.object(database, "read", lambda actor: contextlib.nullcontext()),
    ):
        constants = median_ms(_run)
    yield "catalog_script_ms", real
    yield "catalog_script_constants_ms", constants
    yield "catalog_script_ratio", real / constants


def _run() -> None:
    app = AppTest.from_file(_SHELL, default_timeout=60).run()
    if app.exception or not app.button:
        raise SystemExit(f"The page did not render: {app.exception}")
