"""Tables and lists as files: CSV that no spreadsheet takes for formulas, and JSON. Written as they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

# What makes a spreadsheet compute instead of show (OWASP ASVS 1.2.10), its full-width twins included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")

BOM = "\ufeff"


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The table as CSV, line by line; None is empty, and text that could be a formula begins with '.

    It begins with a byte order mark, without which Excel reads UTF-8 as the letters of the local code page.
    """
    yield BOM + _line(header)
    for row in rows:
        yield _line(row)


def json_items(items: Iterable[Mapping[str, JsonValue]]) -> Iterator[str]:
    """The items as one JSON array, an item a line."""
    before = "[\n"
    for item in items:
        yield before + strict_json.dumps(dict(item))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _line(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_inert(value) for value in row])
    return line.getvalue()


def _inert(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
