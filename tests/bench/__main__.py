"""`make bench`: our figures beside a reference, both measured in this run on this machine.

EVENTS says how many events (default 1,000,000), BENCH_ONLY which modules of this folder (default all). Prints one
`name: value` line a figure; times in milliseconds are medians, and only ratios mean anything from one machine to
the next.
"""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import chain
from pathlib import Path

from lib import database
from lib.runs import engine
from lib.settings import Settings
from tests.bench import api, browser, catalog_sql, costs, data, metrics_sql, own_types, pages, sandbox, several

# The last two add events.
SECTIONS = {
    "sandbox": sandbox.figures,
    "catalog_sql": catalog_sql.figures,
    "metrics_sql": metrics_sql.figures,
    "own_types": own_types.figures,
    "pages": pages.figures,
    "browser": browser.figures,
    "costs": costs.figures,
    "api": api.figures,
}
# Only when BENCH_ONLY names it: it takes minutes.
LONG = {"several": several.figures}


def main() -> None:
    events = int(os.environ.get("EVENTS", "1000000"))
    only = os.environ.get("BENCH_ONLY", ",".join(SECTIONS)).split(",")
    # A kept folder spares making the same events again: BENCH_DIR=somewhere.
    kept = os.environ.get("BENCH_DIR")
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(kept) if kept else Path(temporary)
        opened = database.start(Settings(data_dir=folder, database_url=None, statement_timeout_ms=600_000))
        try:
            engine.migrate(opened.owner.url.render_as_string(hide_password=False))  # pages ask how runs are doing
            actor = data.prepare(events)
            metrics_sql.prepare()
            for name, value in chain.from_iterable((SECTIONS | LONG)[name](actor) for name in only):
                print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}", flush=True)
        finally:
            database.stop()


if __name__ == "__main__":
    sys.exit(main())
