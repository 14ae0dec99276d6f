"""`python -m lib.worker`: executes workflow runs until it is told to stop (SIGTERM or SIGINT)."""

from __future__ import annotations

import argparse
import logging
import sys
import threading

from lib import command_line, database, sandbox  # noqa: F401 (Ctrl-C while the rest is loaded)
from lib.database import checks
from lib.errors import CatalogError, end_process
from lib.operations import fitting_settings, stopping, upkeep
from lib.runs import engine
from lib.settings import settings
from lib.telemetry import logs, traces

log = logging.getLogger("lib.worker")  # also where it is the main module


def main() -> int:
    """Run a worker; the process's exit status."""
    argparse.ArgumentParser("python -m lib.worker", description=__doc__).parse_args()
    stop = threading.Event()
    stopping.when_asked(stop.set)
    try:
        logs.set_up(settings())
        checks.require(fitting_settings.examine(settings(), serves=False, executes=True))
        traces.start(settings(), process="worker")
        with database.translated():
            database.start(settings())
            sandbox.start()
            engine.start(settings(), worker=True)
            upkeep.start(settings())
    except CatalogError as error:
        end_process(error)
    log.info("Worker ready.")
    stop.wait()
    log.info("Worker stops: runs under way go to other workers.")
    upkeep.stop()
    engine.stop()
    sandbox.stop()
    database.stop()
    traces.stop()
    stopping.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
