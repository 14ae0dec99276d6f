"""The numbers of a text area: one for each line that there is, and to be read in both themes."""

from __future__ import annotations

import base64
import re

import pytest
import streamlit as st

from lib.ui.components import numbered
from tests.unit.components.test_theme import THEME, contrast, rgb


@pytest.mark.parametrize(("text", "lines"), [("", 1), ("{}", 1), ('{\n  "a": 1\n}', 3), ("\n" * 5_000, 2_000)])
def test_the_lines_that_there_are_have_numbers(text: str, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(st, "html", written.append)
    numbered.dress("payload", text)
    image = re.search(r"base64,([\w+/=]+)", written[0])
    assert image and base64.b64decode(image[1]).count(b"<text") == lines


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("mark", [0.0, 0.18])
def test_numbers_stand_out_from_the_field_and_from_a_wrong_line(name: str, mark: float) -> None:
    wrong, field = (229, 72, 77), rgb(THEME[name]["secondaryBackgroundColor"])
    behind = tuple(mark * w + (1 - mark) * f for w, f in zip(wrong, field, strict=True))
    drawn = tuple(abs(b - n) for b, n in zip(behind, rgb(numbered._COLOUR), strict=True))
    assert contrast(drawn, behind) >= 4.5
