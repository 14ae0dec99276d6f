"""Texts of the form's fields: labels, help, short descriptions of what a part holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.schemas.form import ABSENT, Node, json_text
from lib.serialization.json_values import is_drawable, json_type, number_text
from lib.ui.components.text import code, one_line, plain

#: Properties that name the thing they belong to best, in this order.
NAMING = ("name", "title", "label", "key", "login", "id", "type", "email", "code")


def short(text: str, width: int = 60) -> str:
    """Cut text that is too long to read in one line."""
    return text if len(text) <= width else text[: width - 1] + "…"


def label(node: Node) -> str:
    """Name a field: its title or key, with a star where required, and that it is sensitive, read-only or deprecated.

    In words and without markup: screen readers are given labels as they are written.
    """
    spec = node.spec
    required = node.required and node.role == "property"
    facts = {"sensitive": spec.sensitive, "read-only": spec.read_only, "deprecated": spec.deprecated}
    said = [plain(name(node)) or "\\ ", *(fact for fact, holds in facts.items() if holds)]
    return " · ".join(said) + (" *" if required else "")


def name(node: Node) -> str:
    """Name a node in plain text: an item by its number, a key of the user's by itself."""
    if node.role == "item":
        return str(int(node.path[-1]) + 1)
    return node.name if node.role == "extra" else node.named.title or node.name or "Value"


def help_text(node: Node) -> str | None:
    """Say what the schema says about a field: description, key where the label hides it, limits."""
    spec = node.spec
    description = node.named.description or spec.description
    lines = [plain(description)] if description else []
    facts = [code(node.name)] if node.role == "property" and name(node) != node.name else []
    facts += [plain(spec.format)] if spec.format else []
    facts += ["sensitive"] if spec.sensitive else []
    for keyword, words in (("minimum", "at least"), ("maximum", "at most"), ("pattern", "pattern")):
        facts += [f"{words} {plain(str(limit))}" for limit in spec.keyword(keyword)[:1]]
    lines += [" · ".join(facts)] if facts else []
    return "\n\n".join(lines) or None


def shown(value: Any, width: int = 40) -> str:
    """Write a value in short, for an option or a summary; texts without quotes unless they need them."""
    if isinstance(value, str) and value and is_drawable(value):
        return short(value, width)
    return short(json_text(value, None), width)


def number_shown(value: Any) -> str:
    """Write what stands in the field of a number: its digits, or the text that is no number."""
    return value if isinstance(value, str) else number_text(value)


def summary(value: Any) -> str:
    """Describe what a closed part holds: a name inside it, or how much there is."""
    if value is ABSENT:
        return "not set"
    if value is None:
        return "null"
    if isinstance(value, dict):
        if not value:
            return "empty object"
        for key in (*NAMING, *value):
            if key in value and json_type(value[key]) in ("string", "integer") and value[key] != "":
                return shown(value[key])
        return f"{len(value)} field{'s' * (len(value) != 1)}"
    if isinstance(value, list | tuple):
        return f"{len(value)} item{'s' * (len(value) != 1)}" if value else "empty list"
    return shown(value)


def option_labels(values: Sequence[Any], labels: Sequence[str | None]) -> list[str]:
    """Label the options of a field so that no two read the same: Streamlit tells them apart by label.

    They are no Markdown, as options of a select box are none.
    """
    texts = [one_line(given or shown(value)) for value, given in zip(values, labels, strict=True)]
    texts = [
        one_line(short(json_text(value, None))) if texts.count(text) > 1 else text
        for value, text in zip(values, texts, strict=True)
    ]
    return [
        f"{text} ({texts[: at + 1].count(text)})" if texts.count(text) > 1 else text for at, text in enumerate(texts)
    ]
