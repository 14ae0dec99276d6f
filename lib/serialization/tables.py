"""Tables and lists as files: CSV that no spreadsheet takes for formulas, and JSON. Written as they are read.

What `csv_lines` writes `read_csv` gives back: text by text, and "" for None.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

# What makes a spreadsheet compute instead of show (OWASP ASVS 1.2.10), its full-width twins included, and what some
# drop before it. Apostrophes may stand before it: what has some already gets one more, so that the first can be taken
# away again.
_FORMULA = re.compile(r"'*(?:[\t\r\n\0]|\s*[=+\-@＝＋－＠])")
_GUARDED = re.compile("'" + _FORMULA.pattern)
# Where lists are separated by semicolons, a spreadsheet begins a cell behind each that it finds, also inside of quotes,
# which count only where its cell begins; and so behind tabs and line ends. The search ends at the next of these, or it
# would read a text of line ends alone once for each.
_INSIDE = re.compile(r"(?<=[;\t\r\n])('*)([^\S;\t\r\n]*[=+\-@＝＋－＠])")
_GUARDED_INSIDE = re.compile(r"(?<=[;\t\r\n])'('*)([^\S;\t\r\n]*[=+\-@＝＋－＠])")
# Of a cell. The schema of an event is one.
csv.field_size_limit(64 * 1024 * 1024)

BOM = "\ufeff"


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The table as CSV, line by line; None is empty, and what could be a formula in a text has ' before it.

    It begins with a byte order mark, without which Excel reads UTF-8 as the letters of the local code page.
    """
    yield BOM + _line(header)
    for row in rows:
        yield _line(row)


def read_csv(text: str) -> Iterator[list[str]]:
    """The rows of a CSV, the header first, as they were before `csv_lines`. Raises ValueError naming the line."""
    reader = csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), strict=True)
    begun = 1
    try:
        for row in reader:
            yield [_read(cell) for cell in row]
            begun = reader.line_num + 1
    except csv.Error:
        raise ValueError(f"has a quote that does not fit in the row that begins at line {begun}") from None


def time_text(at: datetime) -> str:
    """A moment of a table: in UTC, and always to the microsecond, as readers take the form of the first for all."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


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
    if not isinstance(value, str):
        return value
    inert = _INSIDE.sub(r"'\1\2", value)
    return f"'{inert}" if _FORMULA.match(inert) else inert


def _read(cell: str) -> str:
    return _GUARDED_INSIDE.sub(r"\1\2", cell[1:] if _GUARDED.match(cell) else cell)
