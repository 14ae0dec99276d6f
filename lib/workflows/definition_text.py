"""Definitions as JSON or YAML text and back: the same value, whichever way it goes.

YAML is read as JSON with another spelling: no dates, no yes/no, no aliases, no tags, each key once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import yaml

from lib.errors import InvalidInput
from lib.schemas.form import json_text
from lib.serialization import strict_json
from lib.steps import type_of

Language = Literal["json", "yaml"]

#: The order in which people expect the fields of a definition, a step and a trigger.
_ORDER = (
    "id",
    "version",
    "name",
    "type",
    "description",
    "payloadSchemaRef",
    "trigger",
    "steps",
    "eventName",
    "sourcePayloadSchemaRef",
    "payloadMapping",
    "config",
)
_RANK = {name: rank for rank, name in enumerate(_ORDER)}


def ordered(value: Any) -> Any:
    """The same value with the keys of every object in the order people expect, then as they came."""
    if isinstance(value, Mapping):
        found = {key: ordered(value[key]) for key in _sorted(value, _RANK)}
        kind = type_of(value)
        if kind and isinstance(found.get("config"), dict):
            ranks = {name: rank for rank, name in enumerate(kind.fields)}
            found["config"] = {key: found["config"][key] for key in _sorted(found["config"], ranks)}
        return found
    return [ordered(item) for item in value] if isinstance(value, list) else value


def _sorted(keys: Iterable[str], ranks: Mapping[str, int]) -> list[str]:
    return sorted(keys, key=lambda key: ranks.get(key, len(ranks)))


def same(one: Any, other: Any) -> bool:
    """Whether two definitions are the same JSON: 1, 1.0 and true are three values, the order of keys is none.

    Python's == would take an edit from 1 to true for no edit at all.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def write(definition: Any, language: Language) -> str:
    """The definition as text."""
    if language == "json":
        return json_text(ordered(definition))
    return yaml.dump(ordered(definition), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def read(text: str, language: Language) -> dict[str, Any]:
    """The definition that a text holds. Raises InvalidInput with line and column when it holds none."""
    if language == "json":
        value = strict_json.parse(text, field="definition")
    else:
        value = _read_yaml(text)
        strict_json.check(value, field="definition")
    if not isinstance(value, dict):
        raise InvalidInput("definition", "must be an object with name, trigger and steps")
    return value


def _read_yaml(text: str) -> Any:
    # Reading takes seconds for each megabyte, so what is too long for a definition is not read.
    if (size := len(text.encode(errors="replace"))) > strict_json.MAX_BYTES:
        raise InvalidInput("definition", f"is {size:,} bytes long; at most {strict_json.MAX_BYTES:,} are accepted")
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInput("definition", f"is not YAML: {error.problem}{where}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInput("definition", "is not YAML that can be read") from error


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


class _Loader(yaml.SafeLoader):
    """YAML's core schema: what does not look like a JSON value is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name and form

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not accepted", mark)
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if event.tag is not None:  # it could make 0xff a number, yes a truth and a list an object
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")[:80]
            raise yaml.composer.ComposerError(None, None, f"the tag {tag} is not accepted", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                problem = "a name must be text; quote it"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if key_node.value in seen:
                problem = f"the name {key_node.value!r} comes twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _text(dumper: Any, text: str) -> Any:
    """Quoted with escapes where YAML would take a character for the end of a line."""
    style = '"' if any(ord(c) > 126 and not c.isprintable() for c in text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(loader: Any, node: Any) -> Any:
    return strict_json.parse(node.value, field="number")


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("json", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:json", _number)
_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers
_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:json", str(value)))
_Dumper.add_representer(int, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:json", str(value)))
_Dumper.add_representer(
    float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:json", strict_json.dumps(value))
)
