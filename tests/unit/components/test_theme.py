"""Text can be read in both themes: WCAG 2.2 asks for a contrast of 4.5 to 1."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lib.ui import CONTRAST

ROOT = Path(__file__).resolve().parents[3]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
#: How much of the text's colour Streamlit gives captions.
CAPTION = 0.6
#: What stands on a primary button, in the light and in the dark theme: the opposite of the text around.
ON_PRIMARY = {"light": "#ffffff", "dark": "#000000"}
#: The colours of code, each mixed with as much of the text's.
CODE = re.findall(r"color: color-mix\(in srgb, (#\w{6}) 50%, currentcolor\)", CONTRAST.read_text(encoding="utf-8"))

Color = tuple[float, ...]


def rgb(color: str) -> Color:
    return tuple(float(int(color[i : i + 2], 16)) for i in (1, 3, 5))


def luminance(color: Color) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_stands_out(name: str) -> None:
    theme = THEME[name]
    text, primary = rgb(theme["textColor"]), rgb(theme["primaryColor"])
    assert contrast(rgb(ON_PRIMARY[name]), primary) >= 4.5, "the words on the primary button"
    assert len(CODE) == 7
    for color in CODE:
        mixed = tuple((c + t) / 2 for c, t in zip(rgb(color), text, strict=True))
        assert contrast(mixed, rgb(theme["secondaryBackgroundColor"])) >= 4.5, color
    for behind in (theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["sidebar"]["backgroundColor"]):
        paper = rgb(behind)
        caption = tuple(CAPTION * t + (1 - CAPTION) * p for t, p in zip(text, paper, strict=True))
        assert contrast(text, paper) >= 7
        assert contrast(caption, paper) >= 4.5
        assert contrast(primary, paper) >= 3, "as an outline"
