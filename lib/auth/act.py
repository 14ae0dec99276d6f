"""What an act of the audit trail is, and how a line of it is told. lib/auth/acts/ declares them all.

An act is a class: its action names it in the table, its fields are the details that every line of it has, and its
sentence tells it to a person. `before` and `after` name the fields which say how things were and how they are since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar
from uuid import UUID

from lib.serialization.counting import plural, several
from lib.serialization.strict_json import JsonValue

#: Every act by its action.
ACTS: dict[str, type[Act]] = {}


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something a person did to one thing, which `target_id` names."""

    action: ClassVar[str]
    target_type: ClassVar[str]
    sentence: ClassVar[str]
    before_fields: ClassVar[tuple[str, ...]]
    after_fields: ClassVar[tuple[str, ...]]

    target_id: UUID | str

    def __init_subclass__(
        cls, *, action: str, target: str, sentence: str, before: tuple[str, ...] = (), after: tuple[str, ...] = ()
    ) -> None:
        cls.action, cls.target_type, cls.sentence = action, target, sentence
        cls.before_fields, cls.after_fields = before, after
        if action in ACTS:
            raise TypeError(f"The act {action} is declared twice.")
        ACTS[action] = cls

    @classmethod
    def details(cls) -> dict[str, str]:
        """The name that each detail has in the audit trail, by the name of its field."""
        return {one.name: _camel(one.name) for one in fields(cls) if one.name != "target_id"}

    def detail(self) -> dict[str, JsonValue]:
        """What the line in the audit trail says beside who, what and when."""
        return {name: getattr(self, field) for field, name in self.details().items()}


def sentence(action: str, *, who: str, target_id: str, detail: Mapping[str, Any]) -> str:
    """A line of the audit trail as a sentence: “Ada detached Escalate from TICKET_CREATED.”

    Lines are kept for years. One of an act that is no longer declared, or that lacks a detail, is told all the same.
    """
    act = ACTS.get(action)
    if act is None:
        return f"{who} did {action} to {target_id}."
    said = {field: _Said(detail.get(name, "…")) for field, name in act.details().items()}
    return f"{who} {act.sentence.format(target_id=target_id, **said)}."


def kind_word(kind: str) -> str:
    """A kind of object as people read it: API token."""
    return kind.replace("_", " ").capitalize().replace("Api", "API")


def act_word(action: str) -> str:
    """The name of an act as people read it: API token · revoked."""
    kind, _, done = action.partition(".")
    return f"{kind_word(kind)} · {done.replace('_', ' ')}"


@dataclass(frozen=True)
class _Said:
    """A detail in a sentence; a placeholder may name what a number counts, as {events:event} does: “1 event”."""

    detail: object

    def __format__(self, noun: str) -> str:
        detail = self.detail
        if noun:
            return plural(detail, noun) if isinstance(detail, int) else f"{detail} {several(noun)}"
        # Of an act its name in words, as the page's filter has it.
        return f"“{act_word(detail)}”" if isinstance(detail, str) and detail in ACTS else str(detail)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
