"""Parameters of the URL are read in any spelling, and what they are not is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.components.url_filters import left_out
from lib.ui.components.url_parameters import ALL, Choice, Flag, Names, Number, Parameter, Place, Text
from tests.support.hostile_texts import TEXTS

STATUS = Choice("status", "Status", {ALL: "All", "WAITING": "Waits for something", "FAILED": "Failed"})
#: Parameters that take any text.
FREE: list[Parameter] = [
    Text("q", "Search"),
    Names("event", "Events"),
    Choice[str]("category", "Category"),
    Choice("event", "Event", {"A": "A"}, others=True),
]


@given(st.sampled_from(sorted(STATUS.options)), st.booleans(), st.sampled_from([str.upper, str.lower, str.title, str]))
def test_a_choice_is_read_by_value_or_label_in_any_case(value: str, by_label: bool, case: Callable[[str], str]) -> None:
    written = STATUS.options[value] if by_label else value
    assert STATUS.read(case(written)) == STATUS.options[value]


@given(st.text())
def test_a_choice_is_its_label_or_said_to_be_none(written: str) -> None:
    try:
        label = STATUS.read(written)
    except ValueError as reason:
        assert str(reason) == "not one of All, Waits for something, Failed"
    else:
        assert label in STATUS.options.values()
        assert STATUS.read(label) == label, "what is spelled stays as it is"


STORABLE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(STORABLE)
def test_a_choice_whose_options_are_not_known_takes_anything(written: str) -> None:
    assert Choice[str]("category", "Category").read(written) == written
    others: Choice[str] = Choice("event", "Event", {"A": "A"}, others=True)
    assert others.read(written) == written


@given(STORABLE)
def test_a_text_is_read_as_it_is(written: str) -> None:
    assert [one.read(written) for one in FREE] == [written] * len(FREE)


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_a_text_that_cannot_be_stored_is_said_to_be_none(given: str) -> None:
    for one in FREE:
        with pytest.raises(ValueError, match=r"^not to be found, as it has .* which cannot be stored$"):
            one.read(given)


def test_a_number_past_the_last_says_which_that_is() -> None:
    assert Number("page").up_to(6).read("6") == "6"
    with pytest.raises(ValueError, match=r"^past the last page, 6$"):
        Number("page").up_to(6).read("7")


def test_what_it_is_not_may_have_a_noun_of_its_own() -> None:
    with pytest.raises(ValueError, match=r"^not a time zone$"):
        Choice("tz", "Zone", {"UTC": "UTC"}, noun="a time zone").read("Mars/Olympus")


@given(st.integers(1, 999_999), st.integers(0, 3))
def test_a_number_is_read_whatever_stands_before_it(number: int, zeros: int) -> None:
    assert Number("page").read("0" * zeros + str(number)) == str(number)


@pytest.mark.parametrize("written", ["", "0", "000", "-1", "1.0", "x", "²", "1000000", "9" * 5000, "1 ", "\0"])
def test_what_is_no_number_of_a_page_is_said(written: str) -> None:
    with pytest.raises(ValueError, match=r"^no number of a page$"):
        Number("page").read(written)


@given(st.text())
def test_a_flag_is_true_or_false(written: str) -> None:
    if written.lower() in ("true", "false"):
        assert Flag("live").read(written) == written.lower()
    else:
        with pytest.raises(ValueError, match=r"^not one of true, false$"):
            Flag("live").read(written)


def test_a_place_is_what_a_cursor_writes() -> None:
    written = "2026-03-01T10:00:00+00:00~00000000-0000-0000-0000-000000000001"
    assert Place("before").read(written) == written
    with pytest.raises(ValueError, match=r"^no place in the list$"):
        Place("before").read("2026-03-01T10:00:00+00:00")


@given(st.text(), st.text())
def test_the_sentence_has_what_was_written_as_code_on_one_line(name: str, value: str) -> None:
    sentence = left_out(name, value, "not one of A, B")
    assert sentence.endswith(" is not one of A, B.") and " in the address is left out: `" in sentence
    assert len(sentence.splitlines()) == 1
