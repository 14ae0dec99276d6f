"""Two definitions compared, as people read them: YAML, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from lib.workflows import definition_text


def unified(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The changed lines with three lines around them, marked - and +; empty when nothing changed."""
    lines = difflib.unified_diff(_lines(before), _lines(after), n=3, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def side_by_side(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts that differ, with three lines around them, each as two texts whose lines stand beside each other.

    Removed lines are marked -, added ones +; nothing when both say the same.
    """
    old, new = _lines(before), _lines(after)
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    parts = []
    for group in matcher.get_grouped_opcodes(n=3):
        left: list[str] = []
        right: list[str] = []
        for kind, old_from, old_to, new_from, new_to in group:
            mark = ("  ", "  ") if kind == "equal" else ("- ", "+ ")
            ours = [mark[0] + line for line in old[old_from:old_to]]
            theirs = [mark[1] + line for line in new[new_from:new_to]]
            longest = max(len(ours), len(theirs))
            left += ours + [""] * (longest - len(ours))
            right += theirs + [""] * (longest - len(theirs))
        parts.append(("\n".join(left), "\n".join(right)))
    return parts


def _lines(definition: Mapping[str, Any]) -> list[str]:
    return definition_text.write(definition, "yaml").splitlines()
