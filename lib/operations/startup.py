"""Bringing the application up and down, in order; the same for the app, a worker and a test."""

from __future__ import annotations

import logging

from lib import database, demo, sandbox
from lib.auth import actors
from lib.catalog import system as system_catalog
from lib.database import named_queries
from lib.operations import upkeep
from lib.runs import engine
from lib.settings import Settings

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)


def start(settings: Settings) -> None:
    """Database, system catalog, on an embedded one the demo (or a first tenant to work in), and the engine.

    Raises ConfigurationError when the settings do not allow it; nothing is left running then.
    """
    actors.check_sign_in(settings)
    database.start(settings)
    try:
        sandbox.start()  # its children take a second to load; the first event should not wait for them
        _load(settings)
        engine.start(settings, worker=settings.worker == "in-process")
        if settings.worker == "in-process":
            upkeep.start(settings)
    except BaseException:
        sandbox.stop()
        database.stop()
        raise


def stop() -> None:
    """Let go of everything that start() took."""
    upkeep.stop()
    engine.stop()
    sandbox.stop()
    database.stop()


def _load(settings: Settings) -> None:
    with database.operate() as conn:
        conn.execute(queries["lock"])  # several processes may start at once; one of them loads
        count = system_catalog.load(conn)
        demo_loaded = settings.embedded and settings.demo and demo.load(conn)
        if settings.embedded and not actors.memberships(conn):
            tenant = actors.add_tenant(conn, name="My workspace")
            actors.add_member(conn, tenant=tenant, email="admin@localhost", name="Admin", permission="admin")
    if demo_loaded:
        with database.operate_outside_transaction() as conn:
            demo.analyze(conn)
    log.info("System catalog: %d events.", count)
