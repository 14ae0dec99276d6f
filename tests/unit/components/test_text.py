"""Numbers and words as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.components import text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "—"),
        (0, "0 ms"),
        (0.0042, "4 ms"),
        (0.9996, "1.0 s"),
        (2.94, "2.9 s"),
        (59.96, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h 0 min"),
        (7290, "2 h 1 min"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert text.duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"), [(None, "—"), (0, "0.0 %"), (0.987, "98.7 %"), (0.99999, "99.9 %"), (1, "100 %")]
)
def test_percent_claims_100_only_for_all(share: float | None, said: str) -> None:
    assert text.percent(share) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (1284, "1,284"), (99_999, "99,999"), (128_400, "128k"), (999_600, "1.0M"), (1_310_000, "1.3M")],
)
def test_count(number: int, said: str) -> None:
    assert text.count(number) == said


@pytest.mark.parametrize(
    ("number", "definition", "said"),
    [
        (99_999, "Events", "Events"),
        (128_412, "Events", "Events. Exactly 128,412."),
        (7, "", ""),
        (1_310_000, "", "Exactly 1,310,000."),
        (100_000, "All. Of them.", "All. Of them. Exactly 100,000."),
    ],
)
def test_what_is_rounded_is_also_said_exactly(number: int, definition: str, said: str) -> None:
    assert text.exactly(number, definition) == said


@given(st.text(max_size=300), st.integers(2, 120))
def test_shorten_keeps_within_the_limit_and_marks_a_cut(value: str, limit: int) -> None:
    short = text.shorten(value, limit)
    assert len(short) <= max(limit, 1)
    assert short == value or short.endswith("…")


@given(st.text(alphabet="a*_`$:[]<>#|!(){}~\\ \n", max_size=60))
def test_escape_leaves_no_bare_markdown(value: str) -> None:
    escaped = text.escape(value)
    bare = escaped.replace("\\\\", "")
    for character in "*_`$:[]<>#|!~":
        assert bare.count(character) == bare.count("\\" + character)
    assert "\n" not in escaped


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "a moment ago"),
        (59, "a moment ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (6 * 86_400, "6 days ago"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert text.ago(now - timedelta(seconds=seconds), now) == said
