"""Numbers and words as people read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
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
    ("share", "said"),
    [
        (None, "—"),
        (0, "0 %"),
        (0.0001, "< 0.1 %"),
        (0.987, "98.7 %"),
        (0.99999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_percent_claims_none_and_all_only_where_it_is_so(share: float | None, said: str) -> None:
    assert text.percent(share) == said


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (0.125, "+12.5 %"),
        (-0.5, "−50.0 %"),
        (8.99, "+899.0 %"),
        (9, "×10"),
        (1199, "×1,200"),
        (0, "as before"),
        (-0.0001, "as before"),
    ],
)
def test_how_a_change_is_said(part: float, said: str) -> None:
    assert text.changed_by(part) == said


@pytest.mark.parametrize(("now", "said"), [(0, "−100.0 %"), (1, "−99.9 %"), (20, "−99.8 %")])
def test_all_is_lost_only_where_nothing_is_left(now: int, said: str) -> None:
    assert text.changed_by((now - 10_000) / 10_000) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (1284, "1,284"),
        (99_999, "99,999"),
        (128_400, "128k"),
        (999_600, "1.0M"),
        (1_310_000, "1.3M"),
        (999_949_999, "999.9M"),
        (999_950_000, "1.0B"),
    ],
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


# Everything that a renderer of Markdown, Streamlit or a browser might act on, more often than by chance.
HOSTILE = st.text(
    st.sampled_from("[]()!\\`*_~$:<>#|{}=+-.&;/@ \n\r\v\f\t\0\x85\u2028\u2029\u202e\u2066\u200b\ud800aw1")
    | st.characters(),
    max_size=60,
)
LINE_ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


def unseen(value: str) -> list[str]:
    """Characters that end a line, turn its direction, or cannot be sent; but for the joiners of scripts and ours."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [c for c in value if unicodedata.category(c) in kinds and c not in "\u200c\u200d\u2060"]


@given(HOSTILE)
def test_code_is_one_span_of_code_whatever_the_text(value: str) -> None:
    shown = text.code(value)
    fence = re.match("`+", shown)
    assert fence and shown.endswith(fence[0])
    inside = shown[len(fence[0]) : -len(fence[0])]
    assert inside and not unseen(shown)
    assert fence[0] not in re.findall("`+", inside), "nothing inside ends the code"
    assert not inside.startswith("`") and not inside.endswith("`"), "its fences are no longer than they were"


@given(HOSTILE)
def test_code_ends_no_directive_around_it(value: str) -> None:
    depth = 0
    for mark in re.findall(r"\\[\\\[\]]|[\[\]]", text.code(value)):
        depth += {"[": 1, "]": -1}.get(mark, 0)
        assert depth >= 0
    assert depth == 0


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters="[]\u2060")))
def test_code_shows_every_character(value: str) -> None:
    shown = text.code(value)
    fence = len(shown) - len(shown.lstrip("`"))
    inside = shown[fence:-fence].replace("\u2060", "")
    if inside.strip(" ") and inside[0] == inside[-1] == " ":
        inside = inside[1:-1]  # as Markdown does
    assert inside == (value or " ")


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_line_end_leaves_neither_code_nor_text(end: str) -> None:
    value = f"x{end}{end}![i](http://host/p.png)"
    written = end.encode("unicode_escape").decode()
    assert text.code(value) == f"`x{written}{written}![i](http://host/p.png)`"
    assert text.escape(value) == "x \\!\\[i\\]\\(http\\:\u2060//host/p.png\\)"
    assert text.plain(value).startswith("x !\\[i\\](http:\u2060//host")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", "` `"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        (" a ", "`  a  `"),
        ("a\u202eb", "`a\\u202eb`"),
        ("items[0]", "`items[0]`"),
        ("x]![i](//h)", "`x］![i](//h)`"),
        ("a[", "`a［`"),
        ("\\[]", "`\\[］`"),
        ("half \ud800", "`half \\ud800`"),
        (":material/home:", "`:\u2060material/home:`"),
        ("👩\u200d💻", "`👩\u200d💻`"),
    ],
)
def test_code_by_example(value: str, shown: str) -> None:
    assert text.code(value) == shown


@given(HOSTILE)
@pytest.mark.parametrize("inert", [text.escape, text.plain])
def test_what_is_escaped_is_one_line_that_nothing_acts_on(inert: Callable[[str], str], value: str) -> None:
    shown = inert(value)
    assert not unseen(shown) and shown == shown.strip()
    finished = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown)  # as the renderer takes backslashes away
    assert not re.search(r":(?!\d\d:)[\w+-]+:|:material/|://|www\.|@[\w-]", finished, re.IGNORECASE)
    assert not re.search(r"(?:^|\s)(?:<->|->|<-|--|>=|<=|~=)(?:\s|$)", finished)
    bare = re.sub(r"\\.", "\N{BULLET}", shown)
    assert not re.search(r"[`*~$<\[\]]|^[>]|^#+(?:\s|$)|^[-+](?:\s|$)|^\d+[.)](?:\s|$)|:[a-z]|&#?\w+;", bare)
    assert finished.replace("\u2060", "") == text.one_line(value).replace("\u2060", ""), "and all of it is there"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1. x", "1\\. x"),
        ("12) x", "12\\) x"),
        ("- x", "\\- x"),
        ("===", "\\==="),
        ("---", "\\---"),
        ("&lbrack;", "\\&lbrack;"),
        ("R&D", "R&D"),
        ("1.5 h", "1.5 h"),
        ("a -> b", "a -\u2060\\> b"),
        ("rae@example.com", "rae@\u2060example.com"),
        ("www.x.y", "www\u2060.x.y"),
        ("10:20:30", "10\\:20\\:30"),
        ("a\\", "a\\\\"),
        ("  a \t b\n", "a b"),
        ("a\u202eb", "a\\\\u202eb"),
    ],
)
def test_escape_by_example(value: str, shown: str) -> None:
    assert text.escape(value) == shown


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
