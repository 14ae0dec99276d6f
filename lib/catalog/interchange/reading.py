"""Reads the documents of one import, whatever they are. What cannot be read is told, and the others go on."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from lib.catalog.interchange import asyncapi_reading, openapi_reading, own_reading
from lib.catalog.interchange.documents import EXTENSION, MAX_BYTES, MAX_DEPTH, Document, joined, shown
from lib.catalog.interchange.standalone import Library
from lib.errors import InvalidInput
from lib.serialization import strict_json, strict_yaml
from lib.serialization.strict_json import JsonValue

#: The kinds of file that are taken in, by the ends of their names.
KINDS = ("json", "yaml", "yml", "csv", "zip")

_ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 1
# What zipfile raises, and what unpacks for it.
_NOT_READABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
)
_MOST_FILES = 10_000
_NO_FORMAT = (
    "is none of what is read here: JSON Schema, AsyncAPI 2 or 3, OpenAPI 3.1 with webhooks, or a file that was "
    "exported from an event catalog"
)


def read(files: Mapping[str, bytes | str]) -> Document:
    """What these files hold together, by their names. References lead from one to another, and nowhere else."""
    problems: list[str] = []
    given = {
        name: content.encode(errors="replace") if isinstance(content, str) else content
        for name, content in files.items()
    }
    if sum(map(len, given.values())) > MAX_BYTES:
        return Document(problems=(f"The files are longer than {_megabytes(MAX_BYTES)}; import fewer at once.",))
    values: dict[str, JsonValue] = {}
    tables: dict[str, str] = {}
    for name, content in _unpacked(given, problems):
        try:
            text = _decoded(name, content)
            if name in values or name in tables:
                raise InvalidInput(name, "comes twice; the first one is taken")
            if name.lower().endswith(".csv") or text.startswith("event_type,"):
                tables[name] = text
            else:
                values[name] = _parsed(name, text)
        except InvalidInput as error:
            problems.append(f"{name} {error.cause}.")
    # What our own files say of an event is no part of its schema.
    extensions = {name: value[EXTENSION] for name, value in values.items() if _has(value, EXTENSION)}
    values |= {name: {k: v for k, v in values[name].items() if k != EXTENSION} for name in extensions}
    library = Library(values)
    documents = [own_reading.read_csv(text, name) for name, text in tables.items()]
    documents += [_document(library, name, extensions) for name in values]
    return joined([*documents, Document(problems=tuple(problems))])


def _document(library: Library, name: str, extensions: Mapping[str, Any]) -> Document:
    value = library.files[name]
    if _has(value, "asyncapi"):
        return asyncapi_reading.read(library, name)
    if _has(value, "openapi"):
        return openapi_reading.read(library, name)
    if _has(value, own_reading.CATALOG):
        return own_reading.read_catalog(library, name)
    if name in extensions or own_reading.is_schema(value):
        return own_reading.read_schema(library, name, extensions.get(name))
    return Document(problems=(f"{name} {_NO_FORMAT}.",))


def _has(value: JsonValue, key: str) -> bool:
    return isinstance(value, Mapping) and key in value


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(name, f"is not UTF-8 at line {line}") from None


def _parsed(name: str, text: str) -> JsonValue:
    if not text.strip():
        raise InvalidInput(name, "is empty")
    is_yaml = name.lower().endswith((".yaml", ".yml"))
    if text.lstrip()[:1] in "{[" and not is_yaml:
        return strict_json.parse(text, field=name, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    return strict_yaml.read(text, field=name, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, by_others=True)


def _unpacked(files: Mapping[str, bytes], problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files, with those of archives in place of the archives."""
    left = MAX_BYTES
    for name, content in files.items():
        if not content.startswith(_ARCHIVE):
            yield name, content
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = [one for one in archive.infolist() if _is_read(one.filename)]
                if any(one.flag_bits & _ENCRYPTED for one in members):
                    problems.append(f"{name} is protected by a password; import it without.")
                    continue
                if len(members) > _MOST_FILES or sum(one.file_size for one in members) > left:
                    what = f"more than {_MOST_FILES:,} files or {_megabytes(MAX_BYTES)}"
                    problems.append(f"{name} holds {what}; import fewer at once.")
                    continue
                if archive.infolist() and not members:
                    problems.append(f"{name} holds no file that is read here: {', '.join(KINDS[:-1])}.")
                for member in members:
                    # A file may be longer than its archive says.
                    with archive.open(member) as file:
                        unpacked = file.read(left + 1)
                    left -= len(unpacked)
                    if left < 0:
                        problems.append(f"{name} holds more than {_megabytes(MAX_BYTES)}; import fewer at once.")
                        break
                    yield member.filename.replace("\\", "/"), unpacked  # some programs for Windows write \\
        except _NOT_READABLE as error:
            problems.append(f"{name} is not an archive that can be read: {shown(str(error))}.")


def _is_read(member: str) -> bool:
    """Whether a file of an archive is one to read, and no copy that macOS adds of what is no content."""
    return member.lower().endswith(KINDS[:-1]) and not member.startswith("__MACOSX/")


def _megabytes(size: int) -> str:
    return f"{size // 1024 // 1024} MB"
