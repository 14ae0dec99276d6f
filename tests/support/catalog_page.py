"""What the catalog's component was given to draw, and pressing something in it, as AppTest has no element for it."""

from __future__ import annotations

import json
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from lib.ui.catalog import card_grid, health_line


def drawn(app: AppTest, key: str = card_grid.KEY) -> Any:
    """The data of the component with this key; None where it is not drawn."""
    found = [one for one in app.get("bidi_component") if one.key == key]
    return json.loads(found[0].proto.json) if found else None  # type: ignore[attr-defined]


def entries(app: AppTest) -> list[dict[str, Any]]:
    """The entries that are drawn, in order."""
    data = drawn(app)
    return data["entries"] if data else []


def types(app: AppTest) -> list[str]:
    """The event types that are drawn, in order."""
    return [entry["type"] for entry in entries(app)]


def figures(app: AppTest) -> dict[str, dict[str, str]]:
    """What the line of health says, by name."""
    return {figure["name"]: figure for figure in drawn(app, health_line.KEY)}


def press(app: AppTest, name: str, value: Any) -> AppTest:
    """What the browser sends when something of an entry, or a heading, is pressed."""
    return send(app, card_grid.KEY, "act", {"name": name, "value": value})


def send(app: AppTest, key: str, event: str, value: Any) -> AppTest:
    """What the browser sends when a component says that something happened."""
    (component,) = (one for one in app.get("bidi_component") if one.key == key)
    states = app._tree.get_widget_states()
    states.widgets.append(
        WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{component.proto.id}__events",  # type: ignore[attr-defined]
            json_trigger_value=json.dumps([{"event": event, "value": value}]),
        )
    )
    return app._run(states)
