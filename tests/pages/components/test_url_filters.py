"""That a URL says what is shown."""

from __future__ import annotations

import pytest

from tests.conftest import ActorFactory
from tests.support.pages import open_page

RANGES = [
    ("activity.py", "time", "Last hour", ("since", "until")),
    ("runs.py", "runTime", "Last hour", ("runSince", "runUntil")),
    ("audit.py", "actTime", "Last hour", ("actSince", "actUntil")),
    ("metrics.py", "range", "24h", ("from", "to")),
]


@pytest.mark.parametrize(("page", "name", "label", "ends"), RANGES)
def test_a_picked_range_leaves_the_url_with_its_choice(
    page: str, name: str, label: str, ends: tuple[str, str], new_actor: ActorFactory
) -> None:
    """Once the default is chosen the URL has no choice any more, and its ends would stand for Custom."""
    new_actor("admin", name="Acme")
    app = open_page(page, **{ends[0]: "2026-01-01", ends[1]: "2026-01-02"})
    assert app.query_params[name] == "Custom"
    box = next(one for one in [*app.selectbox, *app.button_group] if one.key == name)
    default = "7d" if name == "range" else "all"
    box.set_value(default).run()
    assert not set(app.query_params) & set(ends)


@pytest.mark.parametrize(("page", "name", "label", "ends"), RANGES)
def test_a_url_that_names_another_range_than_its_ends_has_them_no_longer(
    page: str, name: str, label: str, ends: tuple[str, str], new_actor: ActorFactory
) -> None:
    new_actor("admin", name="Acme")
    app = open_page(page, **{name: label, ends[0]: "2026-01-01"})
    assert app.query_params[name] == label and not set(app.query_params) & set(ends)
