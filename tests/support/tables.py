"""What a table hands to the browser: values to sort by, and beside them how each reads."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df


def readings(table: Any) -> pd.DataFrame:
    """How each value of a table reads; `table.value` has the values themselves."""
    styler = table.proto.arrow_data.styler if table.proto.HasField("arrow_data") else table.proto.styler
    shown = convert_arrow_bytes_to_pandas_df(styler.display_values)
    return shown.set_axis(table.value.columns, axis=1)


def styles(table: Any) -> str:
    """What the browser is told of the colours of its cells."""
    return str((table.proto.arrow_data if table.proto.HasField("arrow_data") else table.proto).styler.styles)


def configuration(table: Any) -> dict[str, Any]:
    """What the browser is told of each column."""
    return json.loads(table.proto.columns)
