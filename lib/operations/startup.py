"""Bringing the application up and down, in order; the same for the app, a worker and a test."""

from __future__ import annotations

import logging

from lib import database, demo, sandbox
from lib.auth import actors, members
from lib.catalog import system as system_catalog
from lib.database import Connection, advisory_locks, checks, named_queries
from lib.operations import fitting_settings, rehearsal, stopping, upkeep
from lib.runs import engine
from lib.settings import Settings
from lib.telemetry import traces

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

_LOCAL_ADMIN = "admin@localhost"

_is_under_way = False


def is_under_way() -> bool:
    """Whether this process is still starting, while it takes connections already."""
    return _is_under_way


def begin() -> None:
    """Note that the process is starting."""
    global _is_under_way
    _is_under_way = True


def finish() -> None:
    """Note that everything is up."""
    global _is_under_way
    _is_under_way = False


def start(settings: Settings) -> None:
    """Database, system catalog, on an embedded one the demo (or a first tenant to work in), and the engine.

    Raises ConfigurationError when the settings do not allow it, DatabaseUnavailable when the database goes away
    meanwhile; nothing is left running then. A process that is asked to end meanwhile begins nothing that ends at once.
    """
    checks.require(fitting_settings.examine(settings, serves=True, executes=settings.worker == "in-process"))
    traces.start(settings, process="web")
    with database.translated():
        database.start(settings)
        _start_all_else(settings)


def _start_all_else(settings: Settings) -> None:
    try:
        sandbox.start()  # its children take a second to load; the first event should not wait for them
        _load(settings)
        if stopping.is_asked():
            return
        rehearsal.rehearse()
        engine.start(settings, worker=settings.worker == "in-process")
        if settings.worker == "in-process":
            upkeep.start(settings)
    except BaseException:
        stop()
        raise


def stop() -> None:
    """Let go of everything that start() took."""
    upkeep.stop()
    engine.stop()
    sandbox.stop()
    database.stop()
    traces.stop()


def _load(settings: Settings) -> None:
    with database.operate() as conn:
        # Several processes may start at once; one of them loads.
        conn.execute(queries["lock"], {"key": advisory_locks.LOAD})
        count = system_catalog.load(conn)
        demo_loaded = settings.embedded and settings.demo and demo.load(conn)
        _add_first_admin(conn, settings)
    if demo_loaded:
        with database.operate_outside_transaction() as conn:
            demo.analyze(conn)
    log.info("System catalog: %d events.", count)


def _add_first_admin(conn: Connection, settings: Settings) -> None:
    """Somebody to begin with, where there is nobody yet.

    With sign-in that is FIRST_ADMIN, for whom invented people do not count. Without, it is somebody to act as on the
    embedded database.
    """
    known = actors.memberships(conn)
    if settings.auth in ("oidc", "proxy"):
        known = [one for one in known if not one.is_demo]
        if any(one.email != _LOCAL_ADMIN for one in known):
            return
        if settings.first_admin is None:
            log.warning("Nobody may sign in yet: set FIRST_ADMIN, or run python -m lib.auth tenant NAME EMAIL.")
            return
        email = name = settings.first_admin
    else:
        if known or not settings.embedded:
            return
        email, name = _LOCAL_ADMIN, "Admin"
    if known:
        members.add_admin(conn, actors.engine(known[0].tenant), email=email, name=name)
    else:
        members.begin_tenant(conn, tenant_name="My workspace", email=email, name=name, by=actors.engine)
