"""Redacts JSON values.

Four rules, any of which is enough: the schema marks the place (x-sensitive, writeOnly, format password), a
tenant's JSON pointer names it, its key says so (password, apiKey, …), or the text itself, of a value or of a
key, looks like a secret (a bearer token, a card number, a private key, …). When in doubt it is redacted. Pure:
nothing is fetched, nothing is changed in place, and time grows with the size of the input only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lib.errors import InvalidInput
from lib.redaction.names import is_sensitive
from lib.redaction.schema_marks import NOWHERE, MarkedPlace, marks
from lib.redaction.texts import REDACTED, UUID, is_card, redact_text
from lib.serialization import json_pointer, strict_json
from lib.serialization.strict_json import JsonValue

# JSON text inside JSON text inside …: beyond this it is treated as plain text.
_MAX_JSON_IN_TEXT = 8
# Every secret that is known by its looks is longer, or has another character in it; or it is a UUID or a time, or a
# sentence of short words without basic and bearer.
_PLAIN = re.compile(
    r"[A-Za-z0-9_]{1,12}"
    rf"|{UUID}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
    r"|(?!(?i:.*b(?:asic|earer)))[A-Za-z]{1,15}(?:[,.;!?]? [A-Za-z]{1,15})*+[.!?]?"
)
# As commands are given it, without what stands behind it.
_OPTION = re.compile(r"--?[A-Za-z][\w.-]{0,63}")
#: Longer names and keys are read anew each time.
_LONGEST_KEPT = 512
_SMALLEST_CARD = 10**12
# What a name and its value are called beside each other.
_NAMES = tuple(
    case
    for name in ("name", "key", "header", "field", "label", "param", "parameter", "property", "type", "id", "k")
    for case in (name, name.title(), name.upper())
)
_SIDES = ("old", "new", "previous", "prior", "before", "after", "from", "to", "current", "original")
_VALUES = frozenset(
    case
    for name in (
        *("value", "values", "val", "v", *_SIDES, "valueString", "stringValue"),
        *(f"{side}{value}" for side in _SIDES for value in ("Value", "_value", "-value", "String")),
    )
    for case in (name, name.title(), name[0].upper() + name[1:], name.upper())
)
# What a header of HTTP may be called, and those that may be secrets: other words, such as token, are also tags.
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_SECRET_HEADER = re.compile(r"(?i)authorization|cookie|[a-z0-9]+(?:-[a-z0-9]+)+")
# Where a value goes, the value, its place in the schema, and the pointers that lead on from it.
_Task = tuple[Any, Any, JsonValue, MarkedPlace, "list[_Pointers]"]


def redact(value: JsonValue, *, schema: JsonValue | MarkedPlace = None, pointers: Iterable[str] = ()) -> JsonValue:
    """The value with "[redacted]" for every secret, of whatever type; order and other keys stay. Itself if it has none.

    `schema` is the JSON Schema of the value, of which only local references are followed, or what `marks` read
    from it. In `pointers`, `*` stands for any key or index: /items/*/card.
    """
    place = schema if isinstance(schema, MarkedPlace) else marks(schema)
    tree = _Pointers.of(pointers)
    return _redact(value, place, [tree] if tree.parts or tree.ends else [], _MAX_JSON_IN_TEXT)


def holds_redacted(value: JsonValue) -> bool:
    """Whether something in the value was redacted."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str) and REDACTED in item:
            return True
        todo.extend(item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else ())
    return False


def redact_key(key: str) -> str:
    """The key of an object as people may see it."""
    return _known_key(key)[0]


def redact_name(text: str) -> str:
    """What a sender wrote beside a payload, as people may see it."""
    return _kept_name(text) if len(text) <= _LONGEST_KEPT else _redact_string(text, _MAX_JSON_IN_TEXT)


@lru_cache(maxsize=4096)
def _kept_name(text: str) -> str:
    return text if _is_plain(text) else _redact_string(text, _MAX_JSON_IN_TEXT)


def _known_key(key: str) -> tuple[str, bool]:
    """A key as people may see it, and whether its value is a secret."""
    return _kept_key(key) if len(key) <= _LONGEST_KEPT else _read_key(key)


def _read_key(key: str) -> tuple[str, bool]:
    return key if _is_plain(key) else redact_text(key), is_sensitive(key)


_kept_key = lru_cache(maxsize=4096)(_read_key)


def _is_plain(text: str) -> bool:
    """Whether a text surely has no secret in it that is known by its looks."""
    return _PLAIN.fullmatch(text) is not None


def _redact(value: JsonValue, place: MarkedPlace, pointers: list[_Pointers], json_levels: int) -> JsonValue:
    root: list[JsonValue] = [None]
    is_same = True
    todo: list[_Task] = [(root, 0, value, place, pointers)]
    while todo:  # a loop, so that no depth of nesting is too deep
        target, slot, item, place, pointers = todo.pop()
        if place.sensitive or (pointers and any(pointer.ends for pointer in pointers)):
            target[slot] = REDACTED
        elif isinstance(item, Mapping):
            copy = target[slot] = dict[str, JsonValue]()
            named = _names_a_secret(item)
            for key, member in item.items():
                shown, is_secret = _known_key(key)
                shown = _free(shown, copy) if shown in copy else shown
                copy[shown] = REDACTED
                is_same = is_same and shown == key
                if is_secret or (named and key in _VALUES):
                    is_same = False
                    continue
                below, deeper = place.member(key), _below(pointers, key)
                if _is_harmless(member) and not below.sensitive and not deeper:
                    copy[shown] = member
                else:
                    todo.append((copy, shown, member, below, deeper))
            continue
        elif isinstance(item, list | tuple):
            target[slot] = items = list(item)
            is_same = _redact_pairs(items) and _redact_arguments(items) and _redact_headers(items) and is_same
            todo += _items_to_do(items, place, pointers)
            continue
        elif isinstance(item, str):
            target[slot] = _redact_string(item, json_levels)
        else:
            target[slot] = REDACTED if item is not None and _is_card_number(item) else item
        is_same = is_same and target[slot] == item
    return value if is_same else root[0]


def _redact_pairs(items: list[Any]) -> bool:
    """Hide the values of secrets in a list of names and values; whether there were none."""
    is_same = True
    if _is_of_pairs(items):
        for index, (name, *values) in enumerate(items):
            if is_sensitive(name):
                items[index] = [name, *(REDACTED for _ in values)]
                is_same = False
    return is_same


def _redact_arguments(items: list[Any]) -> bool:
    """Hide the values of secrets in what a command is given, such as ["--password", …]; whether there were none."""
    options = [index for index, item in enumerate(items[:-1]) if type(item) is str and _OPTION.fullmatch(item)]
    is_same = True
    for index in options:
        value = items[index + 1]
        if is_sensitive(items[index]) and not (type(value) is str and value[:1] == "-"):
            items[index + 1] = REDACTED
            is_same = False
    return is_same


def _redact_headers(items: list[Any]) -> bool:
    """Hide secrets in a flat list of headers, such as ["Authorization", …, "Accept", …]; whether there were none."""
    names = items[::2]
    if len(items) % 2 or not all(type(one) is str and _HEADER.fullmatch(one) for one in names):
        return True
    secret = [n for n, name in enumerate(names) if _SECRET_HEADER.fullmatch(name) and is_sensitive(name)]
    for number in secret:
        items[2 * number + 1] = REDACTED
    return not secret


def _items_to_do(items: list[Any], place: MarkedPlace, pointers: list[_Pointers]) -> Iterator[_Task]:
    below = place
    for index, member in enumerate(items):
        if index <= place.listed:  # all items behind those share a place
            below = place.item(index)
        if pointers or below.sensitive or not _is_harmless(member):
            yield items, index, member, below, _below(pointers, str(index))


def _is_harmless(item: JsonValue) -> bool:
    """Whether a value is too small to be, or to hold, a secret that is known by its looks. Most values are."""
    kind = type(item)
    if kind is str:
        return not item or _is_plain(item)
    if kind is dict or kind is list:
        return not item
    return item is None or kind is bool or (kind is int and -_SMALLEST_CARD < item < _SMALLEST_CARD)


def _redact_string(text: str, json_levels: int) -> str:
    if json_levels and text.lstrip()[:1] in ("{", "["):
        try:
            inside = strict_json.parse(text, max_bytes=len(text) * 4)
        except InvalidInput:
            return redact_text(text)
        redacted = _redact(inside, NOWHERE, [], json_levels - 1)
        return text if redacted == inside else strict_json.dumps(redacted)
    return redact_text(text)


def _is_card_number(item: JsonValue) -> bool:
    whole = isinstance(item, int | float | Decimal) and _SMALLEST_CARD <= item < 10**19 and item == int(item)
    return whole and is_card(str(int(item)))


def _free(key: str, taken: Mapping[str, JsonValue]) -> str:
    """The key, told apart from the others of its object that redaction made equal to it."""
    number, free = len(taken), key
    while free in taken:
        number += 1
        free = f"{key} {number}"
    return free


def _names_a_secret(item: Mapping[str, JsonValue]) -> bool:
    """Whether this is a pair such as {"name": "Authorization", "value": …}."""
    if _VALUES.isdisjoint(item):
        return False
    names = (item.get(key) for key in _NAMES)
    return any(isinstance(name, str) and is_sensitive(name) for name in names)


def _is_of_pairs(items: Sequence[JsonValue]) -> bool:
    """Whether a list is an object written as pairs, such as [["Authorization", …], ["Accept", …]].

    A name may have several values behind it.
    """
    return bool(items) and all(
        isinstance(one, list | tuple) and len(one) >= 2 and isinstance(one[0], str) for one in items
    )


@dataclass
class _Pointers:
    """JSON pointers as a tree of their parts; `ends` where one of them does."""

    parts: dict[str, _Pointers] = field(default_factory=dict)
    ends: bool = False

    @classmethod
    def of(cls, pointers: Iterable[str]) -> _Pointers:
        root = cls()
        for pointer in pointers:
            node = root
            for part in json_pointer.split(pointer):
                node = node.parts.setdefault(part, cls())
            node.ends = True
        return root


def _below(pointers: list[_Pointers], key: str) -> list[_Pointers]:
    if not pointers:
        return pointers
    found = (pointer.parts.get(part) for pointer in pointers for part in (key, "*"))
    return [pointer for pointer in found if pointer is not None]
