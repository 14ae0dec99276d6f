"""The form on public schemas and payloads, which are not part of the project.

FORM_CORPORA names a folder that holds the unpacked npm packages @octokit/webhooks-definitions,
@octokit/webhooks-examples and @finos/fdc3-context and the source distribution of nbformat, or any of them.
Run with -s to see the figures.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from streamlit.testing.v1 import AppTest

from lib.schemas.form import Node, dump, load, sample, validate
from lib.serialization.json_values import same

FOLDER = os.environ.get("FORM_CORPORA", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="FORM_CORPORA names no folder of corpora"),
    pytest.mark.timeout(900),
]


@cache
def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def find(pattern: str) -> list[Path]:
    return sorted(Path(FOLDER).glob(pattern)) if FOLDER else []


def webhook_schema(name: str) -> dict[str, Any] | None:
    """The schema of one webhook event, standing alone."""
    for path in find("*/package/schema.json"):
        definitions = read(path).get("definitions", {})
        if name in definitions:
            return {"$schema": read(path)["$schema"], "$ref": f"#/definitions/{name}", "definitions": definitions}
    return None


def schemas() -> Iterator[tuple[str, Any]]:
    for path in find("*/package/schema.json"):
        yield "all webhooks", read(path)
        for name in read(path).get("definitions", {}):
            if name.endswith("_event"):
                yield name, webhook_schema(name)
    for path in [*find("*/package/dist/schemas/context/*.json"), *find("nbformat*/**/*.schema.json")]:
        yield path.stem, read(path)


def payloads() -> Iterator[tuple[str, Any, Any]]:
    """Name, schema and payload of every example that has a schema."""
    for path in [*find("*/package/index.json"), *find("*/package/api.github.com/index.json")]:
        for entry in read(path):
            schema = webhook_schema(f"{entry['name']}_event")
            for number, example in enumerate(entry["examples"] if schema else ()):
                yield f"{path.parent.name} {entry['name']} {number}", schema, example
    for path in find("*/package/dist/schemas/context/*.json"):
        for number, example in enumerate(read(path).get("examples", ())):
            yield f"{path.stem} {number}", read(path), example


def open_all(node: Node, depth: int = 20) -> int:
    """Look at every node the way drawing does, and count those of one value."""
    list(node.choices())
    if node.kind in ("object", "array") and not node.is_null and node.is_present and depth:
        return sum(open_all(child, depth - 1) for child in node.opened())
    return 1


def figures(name: str, seconds: list[float]) -> None:
    print(f"\n{name}: {len(seconds)} · median {statistics.median(seconds):.4f} s · max {max(seconds):.4f} s")


def timed(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def test_every_payload_comes_out_as_it_went_in() -> None:
    spent, leaves = [], 0
    for name, schema, payload in payloads():
        form = load(schema, payload)
        started = time.perf_counter()
        leaves += open_all(form.root)
        spent.append(time.perf_counter() - started)
        assert same(dump(form), payload), name
    figures("payloads opened whole", spent)
    print(f"fields in them: {leaves}")


def test_every_schema_opens_and_is_sampled() -> None:
    opening, sampling, invalid = [], [], []
    for name, schema in schemas():
        opening.append(timed(lambda schema=schema: load(schema)))
        sampling.append(timed(lambda schema=schema: sample(schema)))
        if validate(schema, sample(schema)):
            invalid.append(name)
    figures("schemas opened", opening)
    figures("schemas sampled", sampling)
    assert invalid == []


def wrong(payload: Any) -> Iterator[Any]:
    """Payloads with one thing wrong each: a key gone, a value of another type, a key too many."""
    if not isinstance(payload, dict):
        return
    for key in list(payload)[:6]:
        yield {name: value for name, value in payload.items() if name != key}
        yield {**payload, key: 12.5 if not isinstance(payload[key], int | float) else "text"}
        if isinstance(payload[key], dict):
            yield from ({**payload, key: inner} for inner in list(wrong(payload[key]))[:4])
    yield {**payload, "no such key": 1}


def test_errors_stand_where_jsonschema_finds_them() -> None:
    spent = []
    for name, schema, payload in list(payloads())[::4]:
        cls = jsonschema.validators.validator_for(schema)
        validator = cls(schema, registry=jsonschema.validators.SPECIFICATIONS, format_checker=cls.FORMAT_CHECKER)
        for broken in wrong(payload):
            try:
                expected = {tuple(error.absolute_path) for error in validator.iter_errors(broken)}
            except Exception:  # references that leave the document
                break
            started = time.perf_counter()
            found = load(schema, broken).violations()
            spent.append(time.perf_counter() - started)
            assert {one.path for one in found} >= expected, name
            assert bool(found) == bool(expected), name
    figures("broken payloads checked", spent)


def page(state: dict) -> None:  # type: ignore[type-arg]  # runs on its own, without the imports above
    import streamlit as st

    from lib.ui.components.schema_fields import schema_fields

    st.session_state["result"] = schema_fields(state["schema"], key="form", initial=state["initial"], submitted=True)


def test_every_schema_is_drawn() -> None:
    examples = {json.dumps(schema)[:80]: payload for _, schema, payload in payloads()}
    first, again = [], []
    for name, schema in schemas():
        value = examples.get(json.dumps(schema)[:80])
        value = sample(schema) if value is None else value
        state = {"schema": schema, "initial": value}
        app = AppTest.from_function(page, default_timeout=60, kwargs={"state": state})
        first.append(timed(app.run))
        assert not app.exception, (name, app.exception[0].message)
        assert same(app.session_state["result"].value, value), name
        again.append(timed(app.run))
    figures("schemas drawn, first run", first)
    figures("schemas drawn, next run", again)


def test_an_edit_among_a_thousand_fields() -> None:
    leaf = {"type": "string"}
    group = {"type": "object", "properties": {f"f{n}": leaf for n in range(50)}}
    schema = {"type": "object", "properties": {f"g{n}": group for n in range(20)}}
    value = {f"g{n}": {f"f{m}": "x" for m in range(50)} for n in range(20)}
    app = AppTest.from_function(page, default_timeout=60, kwargs={"state": {"schema": schema, "initial": value}})
    app.run()
    for node in app.session_state["form:form"].form.root.fields()[:4]:
        node.shown = True
        app.session_state[f"form~0{node.key}:open"] = True
    app.run()
    spent = []
    for number in range(5):
        app.text_input[number + 1].set_value(f"typed {number}")
        spent.append(timed(app.run))
    figures("edits among 1,000 fields, 4 of 20 groups open", spent)
    assert statistics.median(spent) < 0.5
