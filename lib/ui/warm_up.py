"""Does before the first page what pages would do while they are drawn, and ends what Streamlit does again and again.

Streamlit collects all garbage after every script run, and a collection looks at every object that is not frozen. What
is loaded once stays as long as the process does, so nothing is lost by never looking at it again.

It also looks five times a second whether its configuration files have changed, which no setting turns off, and takes
over what it can of them at once. Ours are read at the start alone, like every setting.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil

import pandas as pd
from streamlit import dataframe_util
from streamlit.watcher.polling_path_watcher import PollingPathWatcher

from lib import ui
from lib.ui.metrics import charts


def warm_up() -> None:
    """Load all that pages draw with, freeze the heap and watch no file; after everything else of the start."""
    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        importlib.import_module(module.name)
    _draw_once()
    _watch_no_files()
    gc.collect()
    gc.freeze()


def _watch_no_files() -> None:
    """Have whatever watches a file look at it once more, and then no more."""
    PollingPathWatcher._schedule = lambda _: None  # type: ignore[method-assign,assignment]


def _draw_once() -> None:
    """A chart and a table that nobody sees: what draws them is loaded only when they are drawn."""
    table = pd.DataFrame({"Reason": ["None"], "Events": [1], "Share": [1.0]})
    charts.reasons(table).to_dict()
    dataframe_util.convert_pandas_df_to_arrow_bytes(table)
