"""Writes the keywords of one schema as draft 2020-12 has them, whatever its draft calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urldefrag, urljoin

from lib.schemas import dialects
from lib.schemas.dialects import UnusableKeyword
from lib.schemas.origins import Address, SchemaOrigin, Unusable, step
from lib.schemas.parts import Part


class Compiling(Protocol):
    """What the writer of one schema needs of whoever compiles the document."""

    origins: dict[Address, SchemaOrigin]
    unusable: list[Unusable]
    doubtful: dict[Address, set[str]]

    def schema(self, part: Part, at: Address, draft: int, base: str) -> Any:
        """Compile a schema inside of this one."""

    def place(self, part: Part, draft: int) -> Address:
        """Say where a schema stands that is referred to."""

    def urn(self, part: Part, draft: int) -> str:
        """Name the resource of a part."""

    def lookup(self, part: Part, reference: str) -> Part | None:
        """Find what a reference in a part leads to."""


class KeywordWriter:
    """Writes one compiled schema, keyword by keyword."""

    def __init__(self, compiler: Compiling, part: Part, at: Address, draft: int, base: str) -> None:
        self.compiler, self.part, self.at, self.draft, self.base = compiler, part, at, draft, base
        self.out: dict[str, Any] = {}
        self.renamed: dict[str, str] = {}

    def written(self) -> dict[str, Any]:
        """The schema in draft 2020-12."""
        schema = self.part.schema
        known = dialects.KEYWORDS[self.draft]
        if self.draft <= 7 and isinstance(schema.get("$ref"), str):
            known = known & {"$ref"}  # whose neighbours count for nothing there
        self.compiler.origins[self.at] = SchemaOrigin(schema, renamed=self.renamed, resolver=self.part.resolver)
        for keyword, wanted in schema.items():
            if keyword not in known:
                continue
            before = dict(self.out)
            try:
                WRITERS.get(keyword, KeywordWriter.value)(self, keyword, wanted)
            except UnusableKeyword as unusable:
                self.out = before
                self.refuse(keyword, unusable)
        if why := dialects.unknown(schema):  # it is read as what is around it, and nobody knows whether that is right
            self.compiler.unusable.append(Unusable(schema, "$schema", why, complete=True))
        self.anchor(schema)
        return self.out

    def refuse(self, keyword: str, refusal: UnusableKeyword, *, inside: str = "") -> None:
        """Note that a keyword, or one of the schemas that it holds by name, cannot be checked."""
        schema = self.part.schema[keyword] if inside else self.part.schema
        self.compiler.unusable.append(Unusable(schema, inside or keyword, refusal.why, refusal.complete))
        self.compiler.doubtful.setdefault(self.at, set()).add(keyword)

    def put(self, keyword: str, value: Any, original: str) -> None:
        """Write a keyword under the name that it has today."""
        self.out[keyword] = value
        if keyword != original:
            self.renamed[keyword] = original

    def inner(self, schema: Any, steps: str, keyword: str) -> Any:
        """Compile a schema that this one holds."""
        at = f"{self.at}/{steps}"
        if schema is False:
            self.compiler.origins[at] = SchemaOrigin(False, self.part.schema, keyword)
        return self.compiler.schema(Part(schema, self.part.resolver), at, self.draft, self.base)

    def anchor(self, schema: Mapping[str, Any]) -> None:
        if self.draft == 2020 and isinstance(schema.get("$dynamicAnchor"), str):
            self.out["$dynamicAnchor"] = schema["$dynamicAnchor"]
        elif self.draft == 2019 and schema.get("$recursiveAnchor") is True:
            self.out["$dynamicAnchor"] = "recursive"

    # -- keywords ---------------------------------------------------------------------------------

    def value(self, keyword: str, wanted: Any) -> None:
        self.put(keyword, dialects.read(keyword, wanted), keyword)

    def one(self, keyword: str, wanted: Any) -> None:
        self.put(keyword, self.inner(wanted, keyword, keyword), keyword)

    def several(self, keyword: str, wanted: Any) -> None:
        branches = dialects.read("a list of schemas", wanted)
        if not branches and keyword in ("anyOf", "oneOf"):
            raise UnusableKeyword("Must hold at least one schema.")
        if branches:
            self.put(keyword, [self.inner(one, f"{keyword}/{n}", keyword) for n, one in enumerate(branches)], keyword)

    def named(self, keyword: str, wanted: Any) -> None:
        schemas = dialects.read("schemas by name", wanted)
        made = {}
        for name, schema in schemas.items():
            try:
                key = dialects.read("pattern", name) if keyword == "patternProperties" else name
                made[key] = self.inner(schema, f"{keyword}/{step(key)}", keyword)
            except UnusableKeyword as unusable:
                self.refuse(keyword, unusable, inside=name)
        self.put(keyword, made, keyword)

    def properties(self, keyword: str, wanted: Any) -> None:
        self.named(keyword, wanted)
        if self.draft == 3:
            needed = [n for n, one in wanted.items() if isinstance(one, Mapping) and one.get("required") is True]
            if needed:
                self.put("required", needed, "properties")

    def condition(self, keyword: str, wanted: Any) -> None:
        """if, then and else: without an if, the others say nothing."""
        if keyword == "if" or "if" in self.part.schema:
            self.one(keyword, wanted)

    def items(self, keyword: str, wanted: Any) -> None:
        """Until 2019-09, a list of schemas was called items, and the rest additionalItems."""
        listed = self.part.schema.get("items")
        if self.draft == 2020 or (keyword == "items" and not isinstance(wanted, list)):
            self.one(keyword, wanted)
        elif keyword == "additionalItems":
            if isinstance(listed, list):
                self.put("items", self.inner(wanted, "items", keyword), keyword)
        elif wanted:
            made = [self.inner(one, f"prefixItems/{place}", keyword) for place, one in enumerate(wanted)]
            self.put("prefixItems", made, keyword)

    def prefix(self, keyword: str, wanted: Any) -> None:
        self.several(keyword, wanted)

    def contains(self, keyword: str, wanted: Any) -> None:
        """Before 2020-12, what contains finds does not count as evaluated."""
        schema = self.part.schema
        if self.draft != 2019 or "unevaluatedItems" not in schema:
            self.one(keyword, wanted)
            return
        if "not" in schema and "allOf" in schema:
            raise UnusableKeyword("Cannot be told from unevaluatedItems.")
        above = "" if "not" not in schema else "allOf/0/"
        found = {name: dialects.read(name, schema[name]) for name in ("minContains", "maxContains") if name in schema}
        found["contains"] = self.inner(wanted, f"{above}not/not/contains", keyword)
        if above:
            self.out["allOf"] = [{"not": {"not": found}}]
            self.compiler.origins[f"{self.at}/allOf/0"] = SchemaOrigin(schema, renamed={"not": keyword})
        else:
            self.put("not", {"not": found}, keyword)

    def counted(self, keyword: str, wanted: Any) -> None:
        """minContains and maxContains: without contains, they say nothing."""
        if "contains" in self.part.schema and not (self.draft == 2019 and "unevaluatedItems" in self.part.schema):
            self.value(keyword, wanted)

    def bound(self, keyword: str, wanted: Any) -> None:
        """minimum and maximum, which draft 4 may exclude."""
        exclusive = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}[keyword]
        if self.draft <= 4 and self.part.schema.get(exclusive) is True:
            self.put(exclusive, dialects.read(keyword, wanted), exclusive)
        else:
            self.value(keyword, wanted)

    def exclusive(self, keyword: str, wanted: Any) -> None:
        if self.draft > 4:
            self.value(keyword, wanted)
        elif not isinstance(wanted, bool):
            raise UnusableKeyword("Must be true or false.")

    def divisible(self, keyword: str, wanted: Any) -> None:
        self.put("multipleOf", dialects.read("multipleOf", wanted), keyword)

    def type(self, keyword: str, wanted: Any) -> None:
        if self.draft == 3:
            names = [one for one in (wanted if isinstance(wanted, list) else [wanted]) if isinstance(one, str)]
            others = [one for one in wanted if not isinstance(one, str)] if isinstance(wanted, list) else []
            others += [] if isinstance(wanted, str | list) else [wanted]
            if "any" in names:
                return
            if others:
                branches: list[Any] = [self.named_types(names)] if names else []
                start = len(branches)
                branches += [self.inner(one, f"anyOf/{start + n}", keyword) for n, one in enumerate(others)]
                self.put("anyOf", branches, keyword)
                return
        for name, value in self.named_types(wanted).items():
            self.put(name, value, keyword)

    def named_types(self, wanted: Any) -> dict[str, Any]:
        """The keywords that allow these types. Until draft 4, 1.0 was no integer."""
        names = dialects.read("type", wanted)
        is_whole = self.draft <= 4 and "integer" in names and "number" not in names
        return {"type": names, "whole": True} if is_whole else {"type": names}

    def disallow(self, keyword: str, wanted: Any) -> None:
        branches: list[Any] = []
        for number, one in enumerate(wanted if isinstance(wanted, list) else [wanted]):
            if one == "any":
                branches.append(True)
            elif isinstance(one, str):
                branches.append(self.named_types(one))
            else:
                branches.append(self.inner(one, f"not/anyOf/{number}", keyword))
        if branches:
            self.put("not", {"anyOf": branches}, keyword)

    def extends(self, keyword: str, wanted: Any) -> None:
        bases = wanted if isinstance(wanted, list) else [wanted]
        made = [self.inner(one, f"allOf/{number}", keyword) for number, one in enumerate(bases)]
        if made:
            self.put("allOf", made, keyword)

    def dependencies(self, keyword: str, wanted: Any) -> None:
        """Until draft 7, names and schemas stood under one keyword."""
        names, schemas = {}, {}
        for name, one in dialects.read("an object", wanted).items():
            if isinstance(one, list) or (isinstance(one, str) and self.draft == 3):
                names[name] = dialects.read("required", [one] if isinstance(one, str) else one)
            else:
                schemas[name] = self.inner(one, f"dependentSchemas/{step(name)}", keyword)
        if names:
            self.put("dependentRequired", names, keyword)
        if schemas:
            self.put("dependentSchemas", schemas, keyword)

    def reference(self, keyword: str, wanted: Any) -> None:
        if not isinstance(wanted, str):
            raise UnusableKeyword("Must be text.")
        target = self.compiler.lookup(self.part, wanted)
        if target is None:
            raise UnusableKeyword(self.unresolved(wanted), complete=True)
        if not isinstance(target.schema, Mapping | bool):
            raise UnusableKeyword(f"refers to {wanted.removeprefix('#')[:200]}, which is no schema", complete=True)
        name = self.dynamic(keyword, wanted, target)
        if name is None:
            self.put("$ref", self.compiler.place(target, self.draft), keyword)
            return
        url = urldefrag(wanted).url
        home = self.compiler.lookup(self.part, url or "#") or target
        self.put("$dynamicRef", f"{self.compiler.urn(home, self.draft)}#{name}", keyword)

    def dynamic(self, keyword: str, wanted: str, target: Part) -> str | None:
        """The name of the anchor that a dynamic reference looks for; None if it is as good as any other."""
        if not isinstance(target.schema, Mapping):
            return None
        name = urldefrag(wanted).fragment
        if keyword == "$dynamicRef" and name and target.schema.get("$dynamicAnchor") == name:
            return name
        return "recursive" if keyword == "$recursiveRef" and target.schema.get("$recursiveAnchor") is True else None

    def unresolved(self, reference: str) -> str:
        """Say why a reference leads nowhere."""
        url = urldefrag(reference).url
        try:
            inside = not url or self.compiler.lookup(self.part, urljoin(self.base, url)) is not None
        except ValueError:
            inside = False
        if inside:
            return f"refers to {reference.removeprefix('#')[:200]}, which is not in it"
        return f"refers to {reference[:200]}, which is outside of it; nothing is fetched"


WRITERS: dict[str, Callable[[KeywordWriter, str, Any], None]] = {
    **dict.fromkeys(("$ref", "$dynamicRef", "$recursiveRef"), KeywordWriter.reference),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), KeywordWriter.several),
    **dict.fromkeys(("not", "propertyNames", "additionalProperties"), KeywordWriter.one),
    **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties"), KeywordWriter.one),
    **dict.fromkeys(("if", "then", "else"), KeywordWriter.condition),
    **dict.fromkeys(("patternProperties", "dependentSchemas"), KeywordWriter.named),
    **dict.fromkeys(("items", "additionalItems"), KeywordWriter.items),
    **dict.fromkeys(("minContains", "maxContains"), KeywordWriter.counted),
    **dict.fromkeys(("minimum", "maximum"), KeywordWriter.bound),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), KeywordWriter.exclusive),
    "properties": KeywordWriter.properties,
    "contains": KeywordWriter.contains,
    "type": KeywordWriter.type,
    "disallow": KeywordWriter.disallow,
    "extends": KeywordWriter.extends,
    "dependencies": KeywordWriter.dependencies,
    "divisibleBy": KeywordWriter.divisible,
}
