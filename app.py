"""ASGI entry: Streamlit pages over one PostgreSQL database. Start it with `make run`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
import streamlit.logger
import uvicorn
import uvicorn.config
from starlette.middleware import Middleware

from lib.api import ApiMiddleware, RequestIds, WebSecurity, WhileStarting, bound_requests, sockets
from lib.errors import CatalogError
from lib.operations import startup, stopping
from lib.settings import settings
from lib.telemetry import logs
from lib.ui import SCRIPTS, STYLES, warm_up
from lib.ui.components import early_scripts, guard
from lib.ui.components.document import OurDocument
from lib.ui.components.first_sight import FirstSights
from lib.ui.components.frames import DiscreetWebSocket, WholePageFirst
from lib.ui.components.kept_scripts import KeptScripts
from lib.ui.people import provider
from lib.ui.people.cookies import SignInMiddleware, presented

log = logging.getLogger(__name__)


def refuse(error: CatalogError) -> NoReturn:
    """End the process with the sentence that says what is missing."""
    print(f"\nThe Workflow Event Catalog did not start.\n{error.for_operators}\n", file=sys.stderr, flush=True)
    os._exit(error.exit_code)  # nothing is running yet, and the server would print where its start broke off


def log_in_one_way() -> None:
    """Have Streamlit, the server beneath it and everything else log as we do."""
    streamlit.logger.setup_formatter = logs.adopt
    streamlit.logger.update_formatter()
    uvicorn.config.LOGGING_CONFIG.update(handlers={}, loggers={})
    try:
        logs.set_up(settings())
    except CatalogError as error:
        refuse(error)


def secrets() -> dict[str, Any] | None:
    """What Streamlit has to know to sign people in."""
    try:
        return provider.secrets(settings())
    except CatalogError as error:
        refuse(error)


def adjust_server() -> None:
    """Have uvicorn bound what it holds of a request and, at SIGTERM, stop in order."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(server, uvicorn.Server):
        bound_requests(server.config)
        stop_in_order(server)


def stop_in_order(server: uvicorn.Server) -> None:
    """At SIGTERM, have it take no more requests, answer those under way, and end with exit code 0.

    Left to itself it waits for a request as long as that takes, and then ends by the signal.
    """
    server.config.timeout_graceful_shutdown = stopping.REQUEST_SECONDS
    begin = partial(setattr, server, "should_exit", True)
    stopping.when_asked(begin, grace_seconds=settings().stop_grace_seconds)


async def come_up() -> None:
    """Bring up everything that a page needs, or end the process with what is missing."""
    try:
        await asyncio.to_thread(startup.start, settings())
        if not stopping.is_asked():
            await asyncio.to_thread(warm_up.warm_up)
    except CatalogError as error:
        refuse(error)
    except Exception:
        log.critical("The start failed.", exc_info=True)
        os._exit(1)
    sockets.send_without_delay()
    startup.finish()


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Serves while everything comes up (see WhileStarting), and lets go of it in order at the end."""
    try:
        adjust_server()
    except CatalogError as error:
        refuse(error)
    startup.begin()
    coming = asyncio.create_task(come_up())
    try:
        yield
    finally:
        await asyncio.wait([coming])
        await asyncio.to_thread(startup.stop)
        stopping.leave()


log_in_one_way()
app = st.App(
    "pages/shell.py",
    secrets=secrets(),
    lifespan=lifespan,
    middleware=[
        Middleware(RequestIds),
        Middleware(
            WebSecurity,
            documents=[Path(st.__file__).parent / "static" / "index.html"],
            scripts=[path.read_text(encoding="utf-8") for path in SCRIPTS],
        ),
        Middleware(WhileStarting),
        Middleware(FirstSights),
        Middleware(ApiMiddleware, presented=presented),
        Middleware(SignInMiddleware),
        Middleware(DiscreetWebSocket),
        Middleware(WholePageFirst),
        Middleware(OurDocument, sheets=STYLES, scripts=SCRIPTS, early=early_scripts.of(early_scripts.CARDS)),
        Middleware(KeptScripts),
    ],
    on_script_error=guard.show_error,
)
