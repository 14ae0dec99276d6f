"""Compiles schemas of any draft into one that the engine takes whole: draft 2020-12, with every reference settled.

A part that means nothing in its draft is left out and told, so that the rest can be checked. Each compiled part
knows which part of the original it stands for. A value that is null passes wherever OpenAPI's `nullable` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lib.schemas import dialects
from lib.schemas.dialects import UnusableKeyword
from lib.schemas.keywords import KeywordWriter
from lib.schemas.origins import Address, SchemaOrigin, Unusable
from lib.schemas.parts import Part, referred
from lib.serialization import json_pointer

if TYPE_CHECKING:
    from lib.schemas.document import SchemaDocument

#: Schemas inside one another before the next one is compiled by itself; the engine reads 255.
_DEEPEST = 40


class Compiler:
    """Compiles parts of one document, each once, when asked for."""

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document
        #: By the URN of their resource, the compiled parts by name: what the engine's registry is to hold.
        self.resources: dict[str, dict[str, Any]] = {}
        self.origins: dict[Address, SchemaOrigin] = {}
        self.unusable: list[Unusable] = []
        #: Compiled parts of which not everything can be checked, and the keywords that are missing in them.
        self.doubtful: dict[Address, set[str]] = {}
        self._addresses: dict[int, Address] = {}
        self._urns: dict[str, str] = {}
        self._drafts: dict[str, int] = {}
        self._waiting: deque[tuple[Part, int, str, str]] = deque()
        self.count = 0

    def add(self, part: Part) -> Address:
        """Compile a part with all that it leads to, and say where it stands."""
        at_root = part.schema is self.document.schema
        address = self.place(part if at_root else self.document.entered(part), self.draft)
        self._finish()
        return address

    def pointer(self, schema: Any) -> str | None:
        """Where a schema stands in the document, as a JSON pointer; None if it is not in it."""
        waiting: list[tuple[Any, tuple[str | int, ...]]] = [(self.document.schema, ())]
        while waiting:
            here, path = waiting.pop()
            if here is schema:
                return json_pointer.join(path)
            members: Iterator[tuple[str | int, Any]] = iter(())
            if isinstance(here, dict):
                members = iter(here.items())
            elif isinstance(here, list):
                members = iter(enumerate(here))
            waiting.extend((inner, (*path, key)) for key, inner in members if isinstance(inner, dict | list))
        return None

    def rename(self, address: Address, keyword: str, original: str) -> None:
        """Note that a compiled part now spells a keyword in another way."""
        origin = self.origins[address]
        renamed = {**origin.renamed, keyword: origin.renamed.get(original, original)}
        self.origins[address] = replace(origin, renamed=renamed)

    def move(self, old: Address, new: Address) -> None:
        """Call what stands at and below an address by another one."""

        def moved(address: Address) -> Address:
            return new + address[len(old) :] if address == old or address.startswith(f"{old}/") else address

        self.origins = {moved(address): origin for address, origin in self.origins.items()}
        self.doubtful = {moved(address): keywords for address, keywords in self.doubtful.items()}
        self._addresses = {schema: moved(address) for schema, address in self._addresses.items()}
        waiting: list[Any] = list(self.resources.values())
        while waiting:
            here = waiting.pop()
            if isinstance(here, dict):
                if isinstance(here.get("$ref"), str):
                    here["$ref"] = moved(here["$ref"])
                waiting.extend(here.values())
            elif isinstance(here, list):
                waiting.extend(here)

    @property
    def draft(self) -> int:
        """The draft of the document."""
        return dialects.draft_of(self.document.schema)

    def _finish(self) -> None:
        while self._waiting:
            part, draft, urn, name = self._waiting.popleft()
            at = f"{urn}#/$defs/{name}"
            self.resources[urn][name] = self.schema(part, at, draft, self._base(part), placed=True)

    def place(self, part: Part, draft: int) -> Address:
        """Say where a part stands or will stand, compiled by itself. Its resolver knows of its own $id."""
        if isinstance(part.schema, Mapping) and (known := self._addresses.get(id(part.schema))):
            return known
        urn = self.urn(part, draft)
        self.count += 1
        name = f"p{self.count}"
        address = f"{urn}#/$defs/{name}"
        self.resources[urn][name] = {}
        if isinstance(part.schema, Mapping):
            self._addresses[id(part.schema)] = address
            self.origins[address] = SchemaOrigin(part.schema)
        else:
            self.origins[address] = SchemaOrigin(part.schema, part.schema)
        self._waiting.append((part, dialects.draft_of(part.schema, self._drafts[urn]), urn, name))
        return address

    def _base(self, part: Part) -> str:
        return str(part.resolver._base_uri)

    def urn(self, part: Part, draft: int) -> str:
        """Name the resource of a part. With it come the parts that a dynamic reference may lead to."""
        base = self._base(part)
        if base in self._urns:
            return self._urns[base]
        urn = self._urns[base] = f"urn:schema:{len(self._urns)}"
        self.resources[urn] = {}
        root = self.lookup(part, "#")
        schema = part.schema if root is None else root.schema
        self._drafts[urn] = dialects.draft_of(schema, draft)
        for anchored in _anchored(schema) if self._drafts[urn] >= 2019 else ():
            self.place(Part(anchored, part.resolver), draft)
        return urn

    def schema(self, part: Part, at: Address, draft: int, base: str, *, placed: bool = False) -> Any:
        """Compile a part where it stands, or refer to where it stands already."""
        schema = part.schema
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            raise UnusableKeyword("Must be an object, true or false.")
        if not placed:
            known = self._addresses.get(id(schema))
            part = self.document.entered(part)
            if known or self._base(part) != base or at.count("/") > 2 * _DEEPEST:
                return {"$ref": known or self.place(part, draft)}
        draft = dialects.draft_of(schema, draft)
        self._addresses[id(schema)] = at
        nullable = schema.get("nullable") is True
        inner = f"{at}/else" if nullable else at
        out = KeywordWriter(self, part, inner, draft, base).written()
        if nullable:
            out = {"if": {"type": "null"}, "else": out}
            self.origins[at] = self.origins[inner]
        return out

    def lookup(self, part: Part, reference: str) -> Part | None:
        return referred(part, reference)


def _anchored(root: Any) -> list[Any]:
    """The parts of a resource that dynamic references can lead to."""
    found: list[Any] = []
    waiting = [root] if isinstance(root, dict | list) else []
    while waiting:
        here = waiting.pop()
        inner: Iterable[Any] = here
        if isinstance(here, dict):
            if here is not root and isinstance(here.get("$id"), str):
                continue  # a resource of its own
            if isinstance(here.get("$dynamicAnchor"), str) or here.get("$recursiveAnchor") is True:
                found.append(here)
            inner = [value for key, value in here.items() if key not in dialects.NOT_SCHEMAS]
        waiting += [one for one in inner if isinstance(one, dict | list)]
    return found
