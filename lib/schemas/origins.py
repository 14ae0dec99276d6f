"""What a compiled part of a schema stands for, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

#: What the compiled reference to one part is called.
Address = str
#: Halves of characters, which JSON text cannot hold, and what stands for them before the engine.
HALVES = {half: chr(0x10F000 + half - 0xD800) for half in range(0xD800, 0xE000)}


@dataclass(frozen=True, slots=True)
class SchemaOrigin:
    """What a compiled part stands for. Of a part that is plain false, `holder` and `keyword` say who holds it."""

    schema: Any
    holder: Any = None
    keyword: str = ""
    #: Keywords that the compiled part spells differently.
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: What the references of the part need.
    resolver: Any = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A keyword that cannot be checked: the schema that holds it, and why.

    `why` is a sentence about what the keyword holds, or, if complete, all that is to be said of the whole schema.
    """

    holder: Any
    keyword: str
    why: str
    complete: bool = False


def step(name: str) -> str:
    """One step of an address, as the engine writes it."""
    name = name if name.isascii() else name.translate(HALVES)
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="&'()*,:;=@!$+~")
