"""Takes a schema out of a document with all that it refers to, so that it stands alone.

A reference is followed inside the documents that were given together, and nowhere else. What it leads to comes along in
$defs, once, so that recursion stays recursion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urldefrag, urljoin

from jsonschema_specifications import REGISTRY as SPECIFICATIONS

from lib.catalog.interchange import schema_formats
from lib.catalog.interchange.allowance import Allowance
from lib.catalog.interchange.documents import Unreadable, shown
from lib.schemas import dialects
from lib.serialization import json_pointer

Path = tuple[str | int, ...]

_BY_NAME = frozenset("properties patternProperties $defs definitions dependentSchemas dependencies".split())
_LITERAL = frozenset((*dialects.NOT_SCHEMAS, "example"))
_MOST_HOPS = 50
#: Places that one schema refers to.
_MOST_PLACES = 50_000
#: Of an address with the one that it begins at: what is longer leads nowhere.
_LONGEST_ADDRESS = 4_000
#: Of each part of a place that is told.
_LONGEST_KEY = 500
_FILE = "file:///"


class DocumentPlace(NamedTuple):
    """A value in one of the files. `resource` is where the innermost schema with an $id begins, () for the file."""

    file: str
    path: Path
    value: Any
    resource: Path = ()

    def __str__(self) -> str:
        # Thousands of events may stand below one name.
        keys = (shown(key, _LONGEST_KEY) if isinstance(key, str) else key for key in self.path)
        return f"{shown(self.file, _LONGEST_KEY)}#{json_pointer.join(keys)}"

    def __truediv__(self, key: str | int) -> DocumentPlace:
        """What lies below it at a key; nothing where there is none."""
        value = self.value.get(key) if isinstance(self.value, dict) else json_pointer.value_at(self.value, (key,))
        path = (*self.path, key)
        is_resource = isinstance(value, dict) and _id_of(value) is not None
        return DocumentPlace(self.file, path, value, path if is_resource else self.resource)

    def members(self) -> Iterator[tuple[str, DocumentPlace]]:
        """What lies below an object, by key."""
        if isinstance(self.value, Mapping):
            for key in self.value:
                yield key, self / key


class Library:
    """The files of one import, by name, in which references are followed."""

    def __init__(self, files: Mapping[str, Any], allowance: Allowance | None = None) -> None:
        self.files = files
        self.allowance = allowance or Allowance()
        self._anchored: dict[tuple[str, Path], dict[str, DocumentPlace]] = {}
        self._identified: dict[str, DocumentPlace] | None = None

    def root(self, file: str) -> DocumentPlace:
        """A whole file."""
        return DocumentPlace(file, (), self.files[file])

    def followed(self, place: DocumentPlace) -> DocumentPlace:
        """The place itself, or what it refers to when it is a reference. Raises Unreadable."""
        for _ in range(_MOST_HOPS):
            if not isinstance(place.value, Mapping) or not isinstance(place.value.get("$ref"), str):
                return place
            place = self.referred(place, place.value["$ref"])
        raise Unreadable(f"refers to itself at {shown(str(place))}")

    def followed_for_event(self, place: DocumentPlace) -> DocumentPlace:
        """As `followed`, for what several events may share: it counts for each of them. Raises Unreadable."""
        found = self.followed(place)
        if found is not place:
            self.allowance.take_all_of(found.value)
        return found

    def followed_schema(self, place: DocumentPlace) -> DocumentPlace:
        """As `followed`, for a schema: one that says more than its reference is a schema of its own."""
        for _ in range(_MOST_HOPS):
            if not isinstance(place.value, Mapping) or not isinstance(place.value.get("$ref"), str):
                return place
            if len(place.value) > 1:
                return place
            place = self.referred(place, place.value["$ref"])
        raise Unreadable(f"refers to itself at {shown(str(place))}")

    def referred(self, place: DocumentPlace, reference: str) -> DocumentPlace:
        """What a reference at a place leads to. Raises Unreadable."""
        target, fragment = _parted(reference)
        found = None
        if not target:
            # Some read #/… from the schema's own $id, some from the whole document. Both are found.
            starts = dict.fromkeys((place.resource, ()))
            bases = (self.at(DocumentPlace(place.file, (), self.files[place.file]), start) for start in starts)
            found = next((one for base in bases if (one := self._fragment(base, fragment))), None)
        elif (base := self._file(place, target)) is not None:
            found = self._fragment(base, fragment)
        if found is None:
            what = "is not in the document" if not target else "is outside of the document; nothing is fetched"
            raise Unreadable(f"refers to {shown(reference)}, which {what}")
        return found

    def at(self, place: DocumentPlace, path: Path) -> DocumentPlace:
        """What lies along a path."""
        for key in path:
            place = place / key
        return place

    def _file(self, place: DocumentPlace, target: str) -> DocumentPlace | None:
        if self._identified is None:
            self._identified = dict(self._named())
        bases = self._bases(place)
        self.allowance.take_all_of(bases)
        for base in bases:
            if found := self._identified.get(_resolved(base, target)):
                return found
        return None

    def _bases(self, place: DocumentPlace) -> list[str]:
        base = _uri(place.file)
        here = self.root(place.file)
        bases = [base]
        for key in (None, *place.path):
            here = here if key is None else here / key
            if isinstance(here.value, Mapping) and (named := _id_of(here.value)):
                base = _resolved(base, named)
                bases.append(base)
        return bases[::-1]

    def _named(self) -> Iterator[tuple[str, DocumentPlace]]:
        for file in self.files:
            waiting = [(_uri(file), self.root(file))]
            yield waiting[0]
            while waiting:
                base, place = waiting.pop()
                if isinstance(place.value, Mapping) and (named := _id_of(place.value)):
                    base = _parted(_resolved(base, named))[0]
                    yield base, place
                keys = place.value if isinstance(place.value, Mapping) else range(len(place.value))
                waiting += [(base, below) for key in keys if isinstance((below := place / key).value, dict | list)]

    def _fragment(self, base: DocumentPlace, fragment: str) -> DocumentPlace | None:
        if not fragment:
            return base
        if not fragment.startswith("/"):
            return self._anchors_in(base).get(fragment)
        for key in json_pointer.split(unquote(fragment)):
            inside = base.value
            if isinstance(inside, list):
                if not json_pointer.is_place(key) or int(key) >= len(inside):
                    return None
                base = base / int(key)
            elif isinstance(inside, Mapping) and key in inside:
                base = base / key
            else:
                return None
        return base

    def _anchors_in(self, base: DocumentPlace) -> dict[str, DocumentPlace]:
        """The schemas that have a name, by the first one of each. All are found at once, for all references to them."""
        where = (base.file, base.path)
        if where not in self._anchored:
            found: dict[str, DocumentPlace] = {}
            for one in _subschemas(base):
                self.allowance.take(1)
                for name in _anchors(one.value):
                    found.setdefault(name, one)
            self._anchored[where] = found
        return self._anchored[where]


def taken_out(library: Library, place: DocumentPlace, *, draft: str | None = None) -> Any:
    """The schema at a place with all that it refers to. `draft` is the $schema of one that names none.

    Raises Unreadable for a reference that leads out of the documents, and for a schema that gets too large.
    """
    if not isinstance(place.value, Mapping | bool):
        raise Unreadable("has a schema that is neither an object nor true nor false")
    if isinstance(place.value, bool):
        return place.value
    library.allowance.take_all_of(place.value)
    schema = dict(place.value) if _stands_alone(library, place) else _Copy(library, place).schema()
    return {"$schema": draft, **schema} if draft and isinstance(schema, dict) and "$schema" not in schema else schema


def rewritten(schema: Any, at: str) -> Any:
    """A schema for a place inside a document, where its references begin at the document's root."""
    if isinstance(schema, list):
        return [rewritten(one, at) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref" and isinstance(value, str) and value.startswith("#"):
            found[key] = f"#{at}{value[1:]}"
        elif key in _LITERAL or key.startswith("x-"):
            found[key] = value
        elif key in _BY_NAME and isinstance(value, Mapping):
            found[key] = {name: rewritten(one, at) for name, one in value.items()}
        else:
            found[key] = rewritten(value, at)
    return found


def fits_asyncapi(schema: Any) -> bool:
    """Whether a schema can stand inside of an AsyncAPI document as it is, but for the paths of its references.

    Its references have to be paths from its root, and what AsyncAPI's schemas have beside draft 7 has to be theirs.
    """
    return all(
        _id_of(one.value) is None
        and not _anchors(one.value)
        and not any(name in one.value for name in ("$dynamicRef", "$recursiveRef", "$recursiveAnchor", "externalDocs"))
        and (not isinstance(ref := one.value.get("$ref", "#"), str) or ref == "#" or ref.startswith("#/"))
        and isinstance(one.value.get("discriminator", ""), str)
        and isinstance(one.value.get("deprecated", True), bool)
        for one in _subschemas(DocumentPlace("", (), schema))
    )


class _Copy:
    """A copy of one schema, made to stand alone."""

    def __init__(self, library: Library, place: DocumentPlace) -> None:
        self.library = library
        self.places = 0
        self.top = library.followed_schema(place)
        self.names: dict[tuple[str, Path], str] = {}
        self.waiting: list[tuple[str, DocumentPlace]] = []
        kept = self.top.value.get("$defs") if isinstance(self.top.value, Mapping) else None
        self.taken = set(kept) if isinstance(kept, Mapping) else set()
        self.repeated = Counter[str]()

    def schema(self) -> Any:
        if isinstance(self.top.value, bool):
            return self.top.value
        schema = self.copied(self.top, is_top=True)
        if not isinstance(schema, dict):
            raise Unreadable("has a schema that is neither an object nor true nor false")
        definitions = {}
        for name, place in self.waiting:  # each may add to it
            definitions[name] = self.copied(place)
        if definitions:
            schema["$defs"] = {**schema.get("$defs", {}), **definitions}
        return schema

    def copied(self, place: DocumentPlace, *, is_top: bool = False) -> Any:
        """A schema with its references rewritten. An $id inside of it would turn them elsewhere, so it is left out.

        What is no schema is shared with the document, which nobody changes.
        """
        value = place.value
        if schema_formats.names_its_format(value):
            return self.of_format(place, schema_formats.draft(value["schemaFormat"]))
        if isinstance(value, list):
            self.library.allowance.take(len(value))
            return [self.copied(place / number) for number in range(len(value))]
        if not isinstance(value, dict):
            return value
        self.count(value)
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if key == "$ref" and isinstance(inner, str):
                found[key] = self.reference(place, inner)
            elif key in ("$id", "id") and isinstance(inner, str) and not is_top:
                continue
            elif not isinstance(inner, dict | list) or key in _LITERAL or key.startswith("x-"):
                self.library.allowance.take_all_of(inner)
                found[key] = inner
            elif key in _BY_NAME and isinstance(inner, dict):
                self.count(inner)
                found[key] = {name: self.copied(one) for name, one in (place / key).members()}
            else:
                found[key] = self.copied(place / key)
        return found

    def of_format(self, place: DocumentPlace, draft: str) -> Any:
        """A schema that others refer to by the object that names its format."""
        schema = self.copied(place / "schema")
        return {"$schema": draft, **schema} if isinstance(schema, dict) else schema

    def reference(self, place: DocumentPlace, reference: str) -> str:
        if _parted(reference)[0] in SPECIFICATIONS:
            return reference  # a draft's own schema, which every judge knows
        target = self.library.referred(place, reference)
        if target.file == self.top.file and target.path[: len(self.top.path)] == self.top.path:
            return self.written(target.path[len(self.top.path) :])
        key = (target.file, target.path)
        if key not in self.names:
            self.names[key] = self.name(target)
            self.waiting.append((self.names[key], target))
        return self.written(("$defs", self.names[key]))

    def written(self, path: Path) -> str:
        reference = "#" + quote(json_pointer.join(path), safe="/~!$&'()*+,;=:@")
        self.library.allowance.take_texts([reference])
        return reference

    def name(self, target: DocumentPlace) -> str:
        wanted = str(target.path[-1]) if target.path else re.sub(r"(\.schema)?\.\w+$", "", target.file.split("/")[-1])
        name = wanted
        while name in self.taken:
            self.repeated[wanted] += 1
            name = f"{wanted}{self.repeated[wanted] + 1}"
        self.taken.add(name)
        return name

    def count(self, names: Mapping[str, Any]) -> None:
        self.places += len(names) + 1
        if self.places > _MOST_PLACES:
            raise Unreadable(f"has a schema that refers to more than {_MOST_PLACES:,} other places")
        self.library.allowance.take(len(names) + 1)
        self.library.allowance.take_texts(names)


def _stands_alone(library: Library, place: DocumentPlace) -> bool:
    """Whether every reference of a schema leads into that schema, read as a document of its own."""
    alone = Library({"": place.value}, library.allowance)
    for one in _subschemas(alone.root("")):
        reference = one.value.get("$ref")
        if not isinstance(reference, str) or _parted(reference)[0] in SPECIFICATIONS:
            continue
        try:
            alone.referred(one, reference)
        except Unreadable:
            return False
    return True


def _subschemas(place: DocumentPlace) -> Iterator[DocumentPlace]:
    """A schema and all objects in it that are schemas."""
    waiting = [place]
    while waiting:
        here = waiting.pop()
        if isinstance(here.value, list):
            waiting += [here / number for number in range(len(here.value))]
        if not isinstance(here.value, Mapping):
            continue
        yield here
        for key, below in here.members():
            if key in _LITERAL or key.startswith("x-"):
                continue
            waiting += [one for _, one in below.members()] if key in _BY_NAME else [below]


def _id_of(schema: Mapping[str, Any]) -> str | None:
    """The $id by which others refer to a schema; one such as #name is an anchor. Until draft 4 it was called id."""
    named = schema.get("$id")
    if named is None and "id" in schema and dialects.draft_of(schema) <= 4:
        named = schema["id"]
    return named if isinstance(named, str) and not named.startswith("#") else None


def _anchors(schema: Mapping[str, Any]) -> set[str]:
    given = [schema.get("$anchor"), schema.get("$dynamicAnchor")]
    given += [one[1:] for one in (schema.get("$id"), schema.get("id")) if isinstance(one, str) and one[:1] == "#"]
    return {one for one in given if isinstance(one, str)}


def _parted(reference: str) -> tuple[str, str]:
    """A reference without its fragment, and the fragment. What is no URL has none."""
    try:
        target, fragment = urldefrag(reference)
    except ValueError:
        return reference, ""
    return target, fragment


def _resolved(base: str, reference: str) -> str:
    """What a reference means from there. What is no URL means itself, and so nothing that there is."""
    if len(base) + len(reference) > _LONGEST_ADDRESS:
        return reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def _uri(file: str) -> str:
    return _FILE + quote(file)
