"""docs/acts.md, made from the declared acts. `python -m tests.support.acts_document` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from lib.auth.acts import ACTS
from lib.serialization.counting import several

PATH = Path(__file__).resolve().parents[2] / "docs" / "acts.md"
# A number with what it counts.
_COUNTED = re.compile(r"\{(\w+):([^}]+)\}")
_HEAD = """# What the audit trail keeps

Every act that changes something leaves one line, in the transaction of the deed. They are declared in
`lib/auth/acts/`; `python -m tests.support.acts_document` writes this page, and a test holds it.

| Act | In words | Was | Is | Details |
| --- | --- | --- | --- | --- |
"""


def text() -> str:
    """The page."""
    rows = []
    for action, act in sorted(ACTS.items()):
        names = act.details()
        sentence = _COUNTED.sub(lambda found: f"{{{found[1]}}} {several(found[2])}", act.sentence)
        words = f"Ada {sentence}. {' '.join((act.__doc__ or '').split())}"
        before, after = (", ".join(names[one] for one in some) for some in (act.before_fields, act.after_fields))
        rows.append(f"| `{action}` | {words} | {before} | {after} | {', '.join(names.values())} |")
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
