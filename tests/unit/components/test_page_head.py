"""All pages begin alike: a title, and close below it the line that says what the page is about."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
#: A title with its line below it, and what the container around them says of the space between.
TITLED = re.compile(r"(gap=None\):\n(?:\s+.*\n){0,5}?)?\s+st\.title\([^\n]*\)\n\s*st\.caption\(")


def test_no_page_puts_space_between_its_title_and_the_line_below() -> None:
    apart = [
        str(path.relative_to(ROOT))
        for folder in ("pages", "lib/ui")
        for path in (ROOT / folder).rglob("*.py")
        for found in TITLED.finditer("\n" + path.read_text(encoding="utf-8"))
        if not found[1]
    ]
    assert apart == []
