"""Loads before the first page what pages would load while they are drawn, and spares it from garbage collection.

Streamlit collects all garbage after every script run, and a collection looks at every object that is not frozen. What
is loaded once stays as long as the process does, so nothing is lost by never looking at it again.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil

import pandas as pd
from streamlit import dataframe_util

from lib import ui
from lib.ui.metrics import charts


def warm_up() -> None:
    """Load all that pages draw with, then freeze the heap; after everything else of the start."""
    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        importlib.import_module(module.name)
    _draw_once()
    gc.collect()
    gc.freeze()


def _draw_once() -> None:
    """A chart and a table that nobody sees: what draws them is loaded only when they are drawn."""
    table = pd.DataFrame({"Reason": ["None"], "Events": [1], "Share": [1.0]})
    charts.reasons(table).to_dict()
    dataframe_util.convert_pandas_df_to_arrow_bytes(table)
