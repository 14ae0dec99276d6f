"""Finding events by a value somewhere in their payload, which is the redacted one: no secret can be guessed.

`event_payload_values` holds a hash of each value and of the names that lead to it, lists passed over, so that
`items.sku` is in it once for every item (decision 0040). Inserting an event only notes it as pending; `index`, which
`lib.operations.upkeep` calls, does the work. A search looks up hashes, looks into what is pending, and checks what
it finds against the payload with a JSON path.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

from lib.database import Connection, named_queries
from lib.errors import InvalidInput
from lib.redaction import REDACTED
from lib.serialization import json_pointer, strict_json

#: Levels that are searched; objects and lists count alike.
DEEPEST = 8
#: Values of one event that are searched.
MOST_VALUES = 500
#: Events that are indexed in one transaction.
EVENTS_AT_ONCE = 2000

_PATH, _VALUE = "Payload field", "Payload value"
# What the statement that indexes leaves out.
_TIME = re.compile(r".{4}-..-..T..:..:", re.DOTALL)
_PREFIX = re.compile(r"^(?:\$|event\.payload|payload)(?=[.\[])\.?")
_SEGMENT = re.compile(r"""\.?(?:\[(?:(\d{1,9})|\*?|("(?:[^"\\]|\\.)*"))\]|(?:(?<=^)|(?<=\.))([^.\[]+))""")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Item:
    """A place in a list, counted from 0; None is any."""

    place: int | None


_Part = str | _Item


def parameters(tenant: UUID, path: str | None, value: str | None) -> dict[str, Any]:
    """What the statement that searches needs. Raises InvalidInput naming what is missing or cannot be searched for.

    A path is names joined by dots, `items.sku`, which looks into every item of a list; `items[0].sku` into one. A
    name with a dot in it is written `["a.b"]`, or the path as a JSON pointer, `/items/0/sku`.
    """
    if not path or not value:
        missing = _PATH if value else _VALUE
        raise InvalidInput(missing, "is missing; a search needs field and value")
    strict_json.check(path, field=_PATH)
    strict_json.check(value, field=_VALUE)
    _refuse_what_is_not_indexed(tenant, value)
    readings = _readings(path)
    number = _number(value)
    values = [value] if number is None else [value, number]
    names = {tuple(part for part in parts if isinstance(part, str)) for parts in readings}
    return {
        "asked": strict_json.dumps([{"path": list(path), "value": value} for path in names for value in values]),
        "json_paths": [_json_path(parts) for parts in readings],
        "json_values": strict_json.dumps({"text": value, "scalar": values[-1]}),
    }


def index(conn: Connection) -> int:
    """Index some of the waiting payloads; how many. Owner's connection. Several processes may do so at once."""
    limits = {"most": EVENTS_AT_ONCE, "deepest": DEEPEST, "most_values": MOST_VALUES}
    return int(conn.execute(queries["index"], limits).scalar_one())


def _refuse_what_is_not_indexed(tenant: UUID, value: str) -> None:
    if _TIME.match(value):
        raise InvalidInput(_VALUE, "is a time, which is not searched for; choose a time range instead")
    if value == str(tenant):
        raise InvalidInput(_VALUE, "is this tenant's own id, which does not tell its events apart")
    if value == REDACTED:
        raise InvalidInput(_VALUE, "stands in the place of a secret, and secrets are not searched for")


def _number(value: str) -> strict_json.JsonValue | None:
    """The number or boolean that the text spells."""
    try:
        found = strict_json.parse(value)
    except InvalidInput:
        return None
    return None if isinstance(found, str | list | dict) else found


def _readings(path: str) -> list[list[_Part]]:
    """Each way to read the path: a name of digits only may also be a place in a list."""
    parts: list[_Part] = list(json_pointer.split(path)) if path.startswith("/") else _dotted(path)
    if len(parts) > DEEPEST:
        raise InvalidInput(_PATH, f"leads {len(parts)} levels deep, but values are searched {DEEPEST} levels deep only")
    choices: list[list[_Part]] = [
        [p, _Item(int(p))] if isinstance(p, str) and re.fullmatch(r"[0-9]{1,9}", p) else [p] for p in parts
    ]
    readings = [list(reading) for reading in product(*choices)]
    named = [reading for reading in readings if any(isinstance(part, str) for part in reading)]
    if not named:
        raise InvalidInput(_PATH, "names no field; write it as ticketId, changes.status or items[0].sku")
    return named


def _dotted(path: str) -> list[_Part]:
    path = _PREFIX.sub("", path.strip())
    parts: list[_Part] = []
    end = 0
    while end < len(path):
        match = _SEGMENT.match(path, end)
        if match is None:
            raise InvalidInput(
                _PATH,
                f"cannot be read from {path[end : end + 20]} on; write it as ticketId, changes.status, "
                "items[0].sku, or as a JSON pointer: /items/0/sku",
            )
        end = match.end()
        place, quoted, name = match.groups()
        parts.append(name or (_name_in_quotes(quoted) if quoted else _Item(int(place) if place else None)))
    return parts


def _name_in_quotes(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise InvalidInput(_PATH, f"has a part that is not text as JSON writes it: {quoted[:40]}") from None


def _json_path(parts: list[_Part]) -> str:
    """The SQL/JSON path to these parts, and through any list where none is named.

    In lax mode [*] is the thing itself where it is no list, so as many as fit may follow each part. [0] would be
    that, too, which is why what has items by number is first asked whether it is a list.
    """
    any_item = "[*]" * (DEEPEST - len(parts))
    written = f"$ {any_item}"
    place = 0
    while place < len(parts):
        part = parts[place]
        step = f".{json.dumps(part)}" if isinstance(part, str) else ""
        place += isinstance(part, str)
        lists = []
        while place < len(parts) and isinstance(item := parts[place], _Item):
            if item.place is not None and step:
                lists.append(f'@{step}.type() == "array"')
            step += "[*]" if item.place is None else f"[{item.place}]"
            place += 1
        written += f" ? ({' && '.join(lists)})" if lists else ""
        written += step + any_item
    return f"lax {written} ? (@ == $text || @ == $scalar)"
