"""Reads AsyncAPI 2.x and 3.x: every message of a channel or of the components is an event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.catalog import event_types
from lib.catalog.interchange import event_fields, schema_formats
from lib.catalog.interchange.documents import EXTENSION, Document, ImportedEvent, Unreadable, shown
from lib.catalog.interchange.standalone import DocumentPlace, Library, Path

_MESSAGE_FIELDS = frozenset(
    ("name", "title", "summary", "description", "tags", "correlationId", "examples", "schemaFormat", EXTENSION)
)


@dataclass(frozen=True)
class _Found:
    """A message where a document lists it: by which key, and the names that its surroundings offer it."""

    place: DocumentPlace
    key: str | None
    otherwise: tuple[Any, ...] = ()


def read(library: Library, file: str) -> Document:
    """The events of one document."""
    root = library.root(file)
    version = str(root.value.get("asyncapi"))
    if not re.fullmatch(r"[23]\.\d+(\.\d+.*)?", version):
        said = f"{file}: AsyncAPI {shown(version)} is not known here; 2.x and 3.x are."
        return Document(problems=(said,))
    reader = _Reader(library, is_third=version.startswith("3"))
    return Document(event_fields.text((root / "info" / "title").value) or "", tuple(reader.events(root)))


class _Reader:
    def __init__(self, library: Library, *, is_third: bool) -> None:
        self.library = library
        self.is_third = is_third
        # Many channels may share one, and many messages one choice. What is listed again has no more messages.
        self.listed: set[tuple[str, Path]] = set()

    def events(self, root: DocumentPlace) -> Iterator[ImportedEvent]:
        """Every message once, wherever it is referred to."""
        seen = set()
        for found in self._listed(root):
            try:
                message = self.library.followed(found.place)
            except Unreadable as error:
                name = event_types.made_of(
                    next((one for one in (found.key, *found.otherwise) if isinstance(one, str)), "")
                )
                yield ImportedEvent(name, str(found.place), problem=str(error))
                continue
            if (where := (message.file, message.path)) not in seen:
                seen.add(where)
                yield self._event(message, found)

    def _listed(self, root: DocumentPlace) -> Iterator[_Found]:
        components = root / "components"
        for channels in (root / "channels", components / "channels"):
            for name, place in channels.members():
                yield from self._of_channel(name, place)
        for key, place in (components / "messages").members():
            yield from self._choices(_Found(place, key))

    def _of_channel(self, name: str, place: DocumentPlace) -> Iterator[_Found]:
        try:
            channel = self.library.followed(place)
        except Unreadable:
            yield _Found(place, None, (name,))  # it is told of the channel, since nobody knows its messages
            return
        if not self._is_first(channel):
            return
        if self.is_third:
            yield from (_Found(message, key, (name,)) for key, message in (channel / "messages").members())
            return
        for kind in ("publish", "subscribe"):
            operation = channel / kind
            named = (operation / "operationId").value
            if (message := operation / "message").value is not None:
                yield from self._choices(_Found(message, None, (named, name)))

    def _choices(self, found: _Found) -> list[_Found]:
        """The messages of which one is meant, in 2.x; the message itself where it is no such choice."""
        chosen, waiting = list[_Found](), [found]
        while waiting:
            one = waiting.pop()
            try:
                place = self.library.followed(one.place)
            except Unreadable:
                place = one.place
            choices = place / "oneOf"
            if self.is_third or not isinstance(choices.value, list):
                chosen.append(one)
            elif self._is_first(place):
                numbers = reversed(range(len(choices.value)))
                waiting += [_Found(choices / number, None, found.otherwise) for number in numbers]
        return chosen

    def _is_first(self, place: DocumentPlace) -> bool:
        where = (place.file, place.path)
        is_first = where not in self.listed
        self.listed.add(where)
        return is_first

    def _event(self, message: DocumentPlace, found: _Found) -> ImportedEvent:
        if not isinstance(message.value, Mapping):
            name = event_types.made_of(found.key or "")
            return ImportedEvent(name, str(message), problem="is no message: it must be an object")
        try:
            fields = self._with_traits(message)
            said = self._said(message, fields)
        except Unreadable as error:
            return ImportedEvent(event_types.made_of(found.key or ""), str(message), problem=str(error))
        # The key of the components is the name that other tools generate code by; a channel's key may be of its own.
        last = message.path[-1] if message.path[-2:-1] == ("messages",) else found.key
        names = (fields.get("name"), message.value.get("messageId"), last, fields.get("title"), *found.otherwise)
        return event_fields.event(
            self.library,
            message,
            event_type=next((made for one in names if isinstance(one, str) and (made := event_types.made_of(one))), ""),
            said=said,
            schema=lambda: self._schema(message, fields.get("schemaFormat")),
            extension=fields.get(EXTENSION),
        )

    def _said(self, message: DocumentPlace, fields: Mapping[str, Any]) -> dict[str, Any]:
        examples = fields.get("examples")
        listed = examples if isinstance(examples, list) else []
        payloads = [one["payload"] for one in listed if isinstance(one, Mapping) and "payload" in one]
        path = event_fields.correlation_path(self._correlation(message, fields.get("correlationId")))
        description = fields.get("description")
        if not (EXTENSION in fields and description == ""):
            description = event_fields.text(description) or event_fields.text(fields.get("summary"))
        return {
            "name": event_fields.text(fields.get("title")),
            "description": description,
            "tags": event_fields.tags(fields.get("tags")),
            "correlation_paths": [path] if path else None,
            "example": payloads[0] if payloads else None,
            "status": "deprecated" if fields.get("deprecated") is True else None,
        }

    def _correlation(self, message: DocumentPlace, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return None
        if isinstance(given.get("$ref"), str):
            given = self.library.followed(self.library.referred(message, given["$ref"])).value
            self.library.allowance.take_all_of(given)
        return given.get("location") if isinstance(given, Mapping) else None

    def _with_traits(self, message: DocumentPlace) -> dict[str, Any]:
        """The fields of a message with those of its traits, which win in 2.x and lose in 3.x."""
        own = {key: value for key, value in message.value.items() if key in _MESSAGE_FIELDS | {"deprecated"}}
        added: dict[str, Any] = {}
        traits = message / "traits"
        if not isinstance(traits.value, list | None):
            raise Unreadable("has traits, which must be a list")
        for number in range(len(traits.value or ())):
            trait = self.library.followed_for_event(traits / number)
            if not isinstance(trait.value, Mapping):
                raise Unreadable(f"has a trait that is no object, at {shown(str(trait))}")
            added |= {key: value for key, value in trait.value.items() if key in _MESSAGE_FIELDS}
        return {**added, **own} if self.is_third else {**own, **added}

    def _schema(self, message: DocumentPlace, schema_format: Any) -> Any:
        payload = message / "payload"
        if payload.value is None:
            return None
        if not self.is_third:
            return event_fields.schema_at(self.library, payload, draft=schema_formats.draft(schema_format))
        whole = self.library.followed_schema(payload)
        if schema_formats.names_its_format(whole.value):
            draft = schema_formats.draft(whole.value["schemaFormat"])
            return event_fields.schema_at(self.library, whole / "schema", draft=draft)
        return event_fields.schema_at(self.library, payload, draft=schema_formats.DRAFT_7)
