"""Strict YAML: JSON with another spelling. No dates, no yes/no, no tags, each key once.

A tag could make yes a truth and a list an object. An alias lets a short text stand for gigabytes, so aliases are only
read in documents that others wrote, and only as far as what they stand for is short. What does not
look like a JSON value is text, so `no`, 2026-01-31 and 1_000 stay what somebody wrote. Numbers are exact, as in
strict_json.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import yaml

from lib.errors import InvalidInput
from lib.serialization import json_values, strict_json
from lib.serialization.strict_json import JsonValue

_STRING = "tag:yaml.org,2002:str"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
#: Characters that all aliases of a document stand for together.
_MOST_BY_ALIASES = 1_000_000
_SMALL = re.compile(r"-?[0-9]{1,17}")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def read(
    text: str,
    *,
    field: str,
    max_bytes: int = strict_json.MAX_BYTES,
    max_depth: int = strict_json.MAX_DEPTH,
    by_others: bool = False,
) -> JsonValue:
    """The value that a text holds. Raises InvalidInput naming `field` and the cause, with line and column.

    A document `by_others` may name things 200 or null without quotes, and repeat itself by aliases.
    """
    # Reading takes long for each megabyte, so what is too long is not read at all.
    if (size := len(text.encode(errors="replace"))) > max_bytes:
        raise InvalidInput(field, f"is {size:,} bytes long; at most {max_bytes:,} are accepted")
    try:
        value = _Builder(text.removeprefix("\ufeff"), by_others=by_others).built()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at {_place(text, mark)}" if mark else ""
        raise InvalidInput(field, f"is not YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(field, "is not YAML that can be read") from error
    strict_json.check(value, field=field, max_bytes=max_bytes, max_depth=max_depth)
    return value


def write(value: JsonValue, *, fast: bool = False) -> str:
    """A value as YAML that `read` gives back. `fast` is for long ones; its lists are not indented."""
    return str(
        yaml.dump(value, Dumper=_FastDumper if fast else _Dumper, sort_keys=False, allow_unicode=True, width=100)
    )


@dataclass
class _Open:
    """A list or object that is being filled: the name of the member that comes next, and how long it is by now."""

    value: Any
    anchor: str | None = None
    name: str | None = None
    size: int = 0


class _Builder:
    """Builds the value from the parser's events, without nesting calls."""

    def __init__(self, text: str, *, by_others: bool) -> None:
        self.events = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.by_others = by_others
        self.left_to_aliases = _MOST_BY_ALIASES
        self.root: list[Any] = []
        self.open = [_Open(self.root)]
        self.anchored: dict[str, tuple[JsonValue, int]] = {}

    def built(self) -> JsonValue:
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    _refuse("expected a single document", event)
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                closed = self.open.pop()
                self.open[-1].size += closed.size
                if closed.anchor:
                    self.anchored[closed.anchor] = (closed.value, closed.size)
        return self.root[0] if self.root else None

    def _node(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._alias(event)
            return
        if event.tag is not None:
            _refuse(f"the tag {event.tag.replace('tag:yaml.org,2002:', '!!')[:80]} is not accepted", event)
        into = self.open[-1]
        if isinstance(into.value, dict) and into.name is None:
            into.name = self._name(event, into.value)
            into.size += len(into.name)
        elif isinstance(event, yaml.ScalarEvent):
            value = _plain(event.value) if event.implicit[0] else event.value
            self._add(value)
            into.size += len(event.value) + 1
            if event.anchor:
                self.anchored[event.anchor] = (value, len(event.value) + 1)
        else:
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._add(value)
            self.open.append(_Open(value, event.anchor, size=2))

    def _alias(self, event: Any) -> None:
        if not self.by_others:
            _refuse("aliases are not accepted", event)
        if event.anchor not in self.anchored:
            _refuse(f"the alias {event.anchor[:80]!r} names nothing that ends before it", event)
        into = self.open[-1]
        if isinstance(into.value, dict) and into.name is None:
            _refuse("a name must be text; quote it", event)
        value, size = self.anchored[event.anchor]
        self.left_to_aliases -= size
        if self.left_to_aliases < 0:
            _refuse(f"aliases stand for more than {_MOST_BY_ALIASES:,} characters", event)
        into.size += size
        self._add(json_values.copy(value))

    def _add(self, value: JsonValue) -> None:
        into = self.open[-1]
        if isinstance(into.value, dict):
            into.value[into.name], into.name = value, None
        else:
            into.value.append(value)

    def _name(self, event: Any, members: dict[str, Any]) -> str:
        is_text = isinstance(event, yaml.ScalarEvent) and (
            self.by_others or not event.implicit[0] or isinstance(_plain(event.value), str)
        )
        if not is_text:
            _refuse("a name must be text; quote it", event)
        name = str(event.value)
        if self.by_others and name == "<<" and event.implicit[0]:
            _refuse("merging by << is not accepted", event)
        if name in members:
            _refuse(f"the name {name[:80]!r} comes twice", event)
        return name


def _place(text: str, mark: Any) -> str:
    """The parser's word for the end of the text is the line after the last one."""
    last = text.count("\n")
    line, column = (mark.line, mark.column) if mark.line <= last else (last, len(text) - text.rfind("\n") - 1)
    return f"line {line + 1}, column {column + 1}"


def _refuse(problem: str, event: Any) -> NoReturn:
    raise yaml.MarkedYAMLError(None, None, problem, event.start_mark)


def _plain(text: str) -> JsonValue:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return text
    return int(text) if _SMALL.fullmatch(text) else strict_json.parse(text, field="number")


class _JsonLike:
    """What our dumpers share: no aliases, and quotes where `read`, or another reader, takes text for something else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name and form

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Dumper(_JsonLike, yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


class _FastDumper(_JsonLike, yaml.CSafeDumper):
    pass


def _text(dumper: Any, text: str) -> Any:
    """Quoted with escapes where YAML would take a character for the end of a line, or a name for a merge."""
    style = '"' if text == "<<" or any(ord(c) > 126 and not c.isprintable() for c in text) else None
    return dumper.represent_scalar(_STRING, text, style=style)


def _exact(dumper: Any, number: Any) -> Any:
    text = strict_json.dumps(number) if isinstance(number, float) else str(number)
    mantissa, e, exponent = text.lower().partition("e")
    if e:  # YAML 1.1 takes it for a number only with a point and a sign
        text = (
            f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"
        )
    return dumper.represent_scalar("tag:yaml.org,2002:json", text)


# What YAML 1.2 takes for a number and 1.1 does not.
_OTHERWISE = r"[-+]?[0-9]+|0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"

for _dumper in (_Dumper, _FastDumper):
    for _tag, _pattern, _first in (
        ("bool", "true|false", "tf"),
        ("null", "null|~|", ["n", "~", ""]),
        ("json", _NUMBER.pattern, "-0123456789"),
        ("otherwise", _OTHERWISE, "-+.0123456789"),
    ):
        _dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
    for _first, _resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items():  # YAML 1.1: dates, yes and no, 1:30
        for _tag, _pattern in _resolvers:
            _dumper.add_implicit_resolver(_tag, _pattern, [_first])
    _dumper.add_representer(str, _text)
    for _kind in (Decimal, int, float):
        _dumper.add_representer(_kind, _exact)
