"""No two advisory locks of ours have one key, and none is taken by a number that stands elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from lib.database import advisory_locks

ROOT = Path(__file__).resolve().parents[3]


def test_each_lock_has_a_key_of_its_own() -> None:
    keys = [value for name, value in vars(advisory_locks).items() if name.isupper()]
    assert len(keys) == len(set(keys)) == 9
    assert not set(keys) & {1953460590, 28}, "the database's own"


def test_statements_are_given_the_key() -> None:
    taken = re.compile(r"pg_(?:try_)?advisory_\w*lock\w*\((?P<key>.*)\)", re.IGNORECASE)
    keys = [match["key"] for path in (ROOT / "queries").rglob("*.sql") for match in taken.finditer(path.read_text())]
    assert len(keys) >= 7
    assert not [key for key in keys if re.search(r"\b\d", key)]
