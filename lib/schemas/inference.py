"""A JSON Schema that fits all of some samples, as a start for whoever describes an event.

genson joins the types, the properties and what is required. Formats, enums and bounds are found here. The samples are
redacted: where one of them hides a value, nothing is said of its type, since the real one may be of any. So the schema
accepts the real values too. No value of a sample comes into the schema but the words of an enum.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from genson import SchemaNode
from genson.schema import strategies

from lib.schemas import JsonSchema
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.serialization.strict_json import JsonValue

#: An object with more keys than that, over all samples, is a map: its values share one schema. So is one whose keys
#: are values themselves: ids, numbers, dates, addresses. The next event has other ones.
MOST_KEYS = 200
_VALUE_AS_KEY = re.compile(
    r"\d+|\d{4}-\d\d-\d\d\S*|[A-Za-z]{1,12}-\d{2,}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{16,}|[0-9A-HJKMNP-TV-Z]{26}|[^@\s]+@[^@\s]+\.[^@\s]+"
)
#: Of deeper levels, further values and further places the schema says nothing.
MOST_LEVELS, MOST_VALUES, MOST_PLACES = 32, 400_000, 1000
#: An enum needs so many texts, no more different ones, and each of them about so often.
ENUM_FROM, ENUM_MOST, ENUM_TIMES = 10, 5, 3
_WORD = re.compile(r"(?!\s)[^\W\d_][\w .:/-]{0,39}(?<!\s)")

# How texts of a format look, and how many have to: a version may look like one address, but hardly three in a row.
# The judge has the last word.
_FORMATS: dict[str, tuple[re.Pattern[str], int]] = {
    "date-time": (re.compile(r"\d{4}-\d\d-\d\d[Tt].+"), 1),
    "date": (re.compile(r"\d{4}-\d\d-\d\d"), 1),
    "uuid": (re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"), 1),
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), 1),
    "uri": (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+"), 1),
    "ipv6": (re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"), 2),
    "ipv4": (re.compile(r"\d+\.\d+\.\d+\.\d+"), 3),
}
_LONGEST_FORMATTED, _LONGEST_KEY = 2000, 200


class _Stand:
    """Stands for a value of which nothing is said."""

    def __init__(self, *, secret: bool) -> None:
        self.secret = secret


_SECRET, _UNKNOWN = _Stand(secret=True), _Stand(secret=False)


def infer(samples: Iterable[JsonValue], *, hidden_as: str) -> JsonSchema:
    """The schema of these redacted samples, always the same for the same ones; `hidden_as` stands for what was hidden.

    Every sample fits it, and so does what a sample was before it was redacted. A place that hides something is marked
    as sensitive. Of a key in which something was hidden nothing is said.
    """
    root = _Node()
    left = [MOST_VALUES]
    for sample in samples:
        root.add_object(_visible(sample, hidden_as, MOST_LEVELS, left))
    return _pruned(root.to_schema())


def _visible(value: JsonValue, hidden_as: str, levels: int, left: list[int]) -> Any:
    """The value as far as something may be said of it."""
    left[0] -= 1
    if value == hidden_as:
        return _SECRET
    if left[0] < 0 or (levels == 0 and isinstance(value, dict | list)):
        return _UNKNOWN
    if isinstance(value, dict):
        return {
            key: _visible(member, hidden_as, levels - 1, left) for key, member in value.items() if hidden_as not in key
        }
    if isinstance(value, list):
        return [_visible(item, hidden_as, levels - 1, left) for item in value]
    return value


def _pruned(schema: JsonSchema) -> JsonSchema:
    """The schema without the properties beyond MOST_PLACES, the deepest first."""
    places, waiting = 0, deque([schema])
    while waiting:
        here = waiting.popleft()
        if properties := here.get("properties"):
            kept = dict(list(properties.items())[: max(MOST_PLACES - places, 0)])
            places += len(kept)
            here["properties"] = kept
            here["required"] = [name for name in here.get("required", ()) if name in kept]
            if not here["required"]:
                del here["required"]
            waiting.extend(kept.values())
        waiting.extend(here[one] for one in ("items", "additionalProperties") if one in here)
    return schema


class _Anything(strategies.base.SchemaStrategy):
    """A place of which nothing is said."""

    def __init__(self, node_class: type[SchemaNode]) -> None:
        super().__init__(node_class)
        self._is_secret = False

    @classmethod
    def match_object(cls, obj: Any) -> bool:
        return isinstance(obj, _Stand)

    @classmethod
    def match_schema(cls, schema: Any) -> bool:
        return False

    def add_object(self, obj: _Stand) -> None:
        self._is_secret = self._is_secret or obj.secret

    def to_schema(self) -> JsonSchema:
        return {"x-sensitive": True} if self._is_secret else {}


class _Number(strategies.Number):
    """Numbers as we read them: exact."""

    @classmethod
    def match_object(cls, obj: Any) -> bool:
        return isinstance(obj, int | float | Decimal) and not isinstance(obj, bool)

    def add_object(self, obj: int | float | Decimal) -> None:
        # A whole number of thousands of digits is a Decimal too, but without a point.
        is_whole = isinstance(obj, int) or (isinstance(obj, Decimal) and obj.as_tuple().exponent == 0)
        if not is_whole:
            self._type = "number"


class _Text(strategies.String):
    """Texts, which may have a format or be the few words of an enum."""

    def __init__(self, node_class: type[SchemaNode]) -> None:
        super().__init__(node_class)
        self._texts: Counter[str] = Counter()

    def add_object(self, obj: str) -> None:
        self._texts[obj] += 1

    def to_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "string"}
        if name := _format(self._texts):
            schema["format"] = name
        elif _is_enum(self._texts):
            schema["enum"] = sorted(self._texts)
        return schema


class _Object(strategies.Object):
    """Objects. One with very many keys, or with keys that are values, is a map."""

    def __init__(self, node_class: type[SchemaNode]) -> None:
        super().__init__(node_class)
        self._objects: list[dict[str, Any]] = []

    def add_object(self, obj: dict[str, Any]) -> None:
        self._objects.append(obj)

    def to_schema(self) -> JsonSchema:
        if _are_of_a_map({key for one in self._objects for key in one}):
            values = self.node_class()
            for member in (member for one in self._objects for member in one.values()):
                values.add_object(member)
            return {"type": "object", "additionalProperties": values.to_schema()}
        for one in self._objects:
            super().add_object(one)
        schema: JsonSchema = super().to_schema()
        return schema


def _are_of_a_map(keys: set[str]) -> bool:
    return len(keys) > MOST_KEYS or (len(keys) > 0 and all(_VALUE_AS_KEY.fullmatch(key[:_LONGEST_KEY]) for key in keys))


class _Node(SchemaNode):
    """A place of the samples. What is said of each type goes into one schema: no keyword is about two types."""

    STRATEGIES = (
        _Anything,
        strategies.Null,
        strategies.Boolean,
        _Number,
        _Text,
        strategies.List,
        _Object,
    )

    def to_schema(self) -> JsonSchema:
        found: list[JsonSchema] = [strategy.to_schema() for strategy in self._active_strategies]
        silent = next((schema for schema in found if "type" not in schema), None)
        if silent is not None:
            return silent
        joined: JsonSchema = {keyword: said for schema in found for keyword, said in schema.items()}
        kinds = sorted((schema["type"] for schema in found), key=lambda kind: (kind == "null", kind))
        if "enum" in joined and kinds == ["string", "null"]:
            joined["enum"] = [*joined["enum"], None]
        elif "enum" in joined and kinds != ["string"]:
            del joined["enum"]
        return joined | {"type": kinds if len(kinds) > 1 else kinds[0]} if kinds else {}


def _format(texts: Counter[str]) -> str | None:
    """The format that all the texts have."""
    for name, (looks, fewest) in _FORMATS.items():
        if texts.total() >= fewest and all(_has(name, looks, text) for text in texts):
            return name
    return None


def _has(name: str, looks: re.Pattern[str], text: str) -> bool:
    is_like_it = len(text) <= _LONGEST_FORMATTED and looks.fullmatch(text) is not None
    return is_like_it and _judge(name).is_valid(_judge(name).document.root, text)


@cache
def _judge(name: str) -> Judge:
    return Judge(SchemaDocument({"type": "string", "format": name}))


def _is_enum(texts: Counter[str]) -> bool:
    """Whether few words stand for all that there may be. One alone may be chance."""
    return (
        texts.total() >= ENUM_FROM
        and 2 <= len(texts) <= ENUM_MOST
        and texts.total() >= ENUM_TIMES * len(texts)
        and min(texts.values()) >= 2
        and all(_WORD.fullmatch(text) for text in texts)
    )
