"""`python -m lib.worker`: executes workflow runs until it is told to stop (SIGTERM or SIGINT)."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from lib import database, sandbox
from lib.errors import CatalogError, end_process
from lib.operations import upkeep
from lib.runs import engine
from lib.settings import settings

log = logging.getLogger(__name__)


def main() -> int:
    """Run a worker; the process's exit status."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        logging.basicConfig(level=settings().log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
