"""What is exported is read again without a difference, whatever the format."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.catalog.interchange import documents, reading, writing
from lib.catalog.interchange.documents import FIELDS, ImportedEvent
from lib.catalog.interchange.writing import ExportedEntry
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.serialization import strict_json, strict_yaml, tables
from tests.support import catalog_entries, foreign_documents

Entries = Sequence[ExportedEntry]
FORMATS: dict[str, Callable[[Entries], str | bytes]] = {
    "catalog.yaml": writing.yaml,
    "catalog.csv": lambda entries: "".join(writing.csv(entries)),
    "schemas.zip": writing.json_schemas,
    "asyncapi.yaml": lambda entries: writing.asyncapi(entries, title="Catalog of Acme"),
}


@st.composite
def catalogs(draw: st.DrawFn) -> list[ExportedEntry]:
    """Entries of different types, some of which share a ref and so its schema."""
    entries = draw(st.lists(catalog_entries.ENTRIES, max_size=4, unique_by=lambda entry: entry.event_type))
    shared = draw(catalog_entries.SCHEMAS)
    sharing = [draw(st.booleans()) for _ in entries]
    return [
        replace(entry, payload_schema_ref="payload.Shared.v1", schema=shared) if shares else entry
        for entry, shares in zip(entries, sharing, strict=True)
    ]


def differences(entry: ExportedEntry, event: ImportedEvent, *, empty_is_silent: bool) -> list[str]:
    """The names of what an imported event says differently than the entry it was exported from."""
    found = [] if event.problem is None else [event.problem]
    for name in FIELDS:
        given = getattr(entry, name)
        wanted = list(given) if isinstance(given, tuple) else given
        if name in event.said:
            alike = strict_json.canonical(event.said[name]) == strict_json.canonical(wanted)
        else:
            alike = empty_is_silent and not wanted and wanted is not False and wanted != 0
        found += [] if alike else [name]
    if event.schema_ref != entry.payload_schema_ref:
        found.append("ref")
    return found if documents.same(event.schema, entry.schema) else [*found, "schema"]


def check(entries: Entries, name: str) -> None:
    found = reading.read({name: FORMATS[name](entries)})
    assert found.problems == ()
    by_type = {event.event_type: event for event in found.events}
    assert len(found.events) == len(by_type) == len(entries)
    told = {
        entry.event_type: changed
        for entry in entries
        if (changed := differences(entry, by_type[entry.event_type], empty_is_silent=name.endswith(".csv")))
    }
    assert told == {}


@pytest.mark.parametrize("name", FORMATS)
@given(entries=catalogs())
def test_what_is_exported_is_read_without_a_difference(name: str, entries: list[ExportedEntry]) -> None:
    check(entries, name)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("definition", [{"type": "object"}, True, {"$ref": "#/$defs/other"}], ids=json.dumps)
def test_so_is_a_schema_that_leads_to_one_of_its_own_definitions(name: str, definition: Any) -> None:
    schema = {"$ref": "#/$defs/one", "$defs": {"one": definition, "other": {"type": "object"}}}
    check([replace(SENT, payload_schema_ref=None, schema=schema)], name)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("is_first", [True, False])
def test_so_is_a_schema_of_the_registry_that_is_called_like_an_event(name: str, is_first: bool) -> None:
    inline = replace(SENT, event_type="acme.Offline.v1", payload_schema_ref=None, schema={"type": "object"})
    of_ref = replace(
        SENT, event_type="acme.Started.v1", payload_schema_ref="acme.Offline.v1", schema={"type": "string"}
    )
    check([inline, of_ref] if is_first else [of_ref, inline], name)


@pytest.mark.parametrize("name", FORMATS)
def test_so_is_the_whole_system_catalog(name: str) -> None:
    check(catalog_entries.system_entries(), name)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The judge of AsyncAPI 3.0 documents by their official schema."""
    folder = foreign_documents.npm("@asyncapi/specs@6.11.1", tmp_path_factory.mktemp("npm"))
    schema = json.loads(Path(folder / "schemas" / "3.0.0.json").read_text(encoding="utf-8"))
    judge = Judge(SchemaDocument(schema))
    assert judge.unusable == ()
    return judge


def told(official: Judge, document: Any) -> list[str]:
    return [f"{one.path}: {one}" for one in official.errors(official.document.root, document)]


def test_asyncapi_is_valid_by_the_official_schema(official: Judge) -> None:
    document = read_yaml(writing.asyncapi(catalog_entries.system_entries(), title="Catalog"))
    assert told(official, document) == []
    assert len(document["components"]["messages"]) == len(catalog_entries.system_entries())
    del document["info"]["title"]
    assert told(official, document) != []


@pytest.mark.hypothesis
def test_so_is_asyncapi_of_whatever_a_tenant_defines(official: Judge) -> None:
    @given(catalogs())
    def generated(entries: list[ExportedEntry]) -> None:
        document = read_yaml(writing.asyncapi(entries, title="Catalog"))
        assert told(official, document) == []

    generated()


def read_yaml(text: str) -> Any:
    return strict_yaml.read(text, field="document", max_bytes=10**8, max_depth=200)


SENT = catalog_entries.system_entries()[0]


def test_other_tools_find_what_they_look_for_in_asyncapi() -> None:
    inline = replace(SENT, event_type="A/b", payload_schema_ref=None, owner="crm", tags=("x",), source="tenant")
    document = read_yaml(writing.asyncapi([SENT, inline, replace(inline, event_type="A:b")], title="Catalog"))
    assert list(document["components"]["messages"]) == [SENT.event_type, "A_b", "A_b_2"]
    message = document["components"]["messages"]["A_b"]
    assert (message["name"], message["title"], message["tags"]) == ("A/b", SENT.name, [{"name": "x"}])
    assert message["correlationId"] == {"location": f"$message.payload#/{SENT.correlation_paths[0]}"}
    assert message["examples"] == [{"payload": SENT.example}]
    assert message["payload"] == {"$ref": "#/components/schemas/A_b"}
    assert message["x-event-catalog"] == {
        "event_type": "A/b",
        "category": SENT.category,
        "status": SENT.status,
        "owner": "crm",
        "correlation_paths": list(SENT.correlation_paths),
        "source": "tenant",
        "payload_schema_ref": None,
    }
    references = json.dumps(document["components"]["schemas"][str(SENT.payload_schema_ref)], default=str)
    assert '"#/$defs' not in references and f"#/components/schemas/{SENT.payload_schema_ref}/$defs/" in references


def test_what_asyncapi_cannot_hold_as_it_is_keeps_its_format() -> None:
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}
    named = {"$defs": {"a": {"$anchor": "x"}}, "items": {"$ref": "#x"}}
    entries = [
        replace(SENT, event_type=name, payload_schema_ref=None, schema=one) for name, one in (("A", old), ("B", named))
    ]
    schemas = read_yaml(writing.asyncapi(entries, title="Catalog"))["components"]["schemas"]
    assert schemas == {
        "A": {"schemaFormat": "application/schema+json;version=draft-04", "schema": old},
        "B": {"schemaFormat": "application/schema+json;version=2020-12", "schema": named},
    }


def test_no_cell_of_the_csv_is_a_formula() -> None:
    entry = replace(SENT, name="=HYPERLINK(1)", owner="+1", description="@x", tags=("-1",))
    text = "".join(writing.csv([entry]))
    assert text.startswith(tables.BOM)
    cells = list(csv.reader(io.StringIO(text.removeprefix(tables.BOM))))[1]
    assert cells[1:3] == ["'=HYPERLINK(1)", "'@x"] and "'+1" in cells and '["-1"]' in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_each_file_of_the_archive_is_a_schema_by_itself() -> None:
    with zipfile.ZipFile(io.BytesIO(writing.json_schemas([SENT, replace(SENT, event_type="a/../b")]))) as archive:
        assert archive.namelist() == [f"{SENT.event_type}.schema.json", "a_.._b.schema.json"]
        schema = json.loads(archive.read(archive.namelist()[0]))
    assert schema["x-event-catalog"]["event_type"] == SENT.event_type
    judge = Judge(SchemaDocument(schema))
    assert judge.unusable == () and judge.is_valid(judge.document.root, SENT.example)
    assert writing.json_schemas([SENT]) == writing.json_schemas([SENT])


def test_a_document_with_300_schemas_is_read_in_less_than_5_seconds() -> None:
    entries = [
        replace(SENT, event_type=f"{SENT.event_type}_{n}", payload_schema_ref=f"payload.X{n}.v1") for n in range(300)
    ]
    for name, written in FORMATS.items():
        text = written(entries)
        began = time.process_time()
        assert len(reading.read({name: text}).schemas) == 300
        assert time.process_time() - began < 5, name
