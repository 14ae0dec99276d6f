"""`python -m lib.catalog check`: what a team's CI sees of a changed schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib import database
from lib.auth.actors import Actor
from lib.catalog import __main__ as command
from lib.catalog import entries, schema_registry
from lib.database import Database
from tests.conftest import ActorFactory

OLD = {"type": "object", "properties": {"a": {"type": "string"}}}
OPTIONAL = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
REQUIRED = {**OPTIONAL, "required": ["b"]}
LONGER = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def ended(*arguments: str, what: str = "check") -> int:
    """The status that the command ends with."""
    try:
        command.main([what, *arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize(
    ("new", "options", "status"),
    [
        (OLD, [], 0),
        (OPTIONAL, [], 0),
        (OPTIONAL, ["--reading", "strict"], 1),
        (REQUIRED, [], 1),
        (REQUIRED, ["--compatibility", "forward"], 0),
        (REQUIRED, ["--compatibility", "full"], 1),
        (LONGER, [], 0),
        (LONGER, ["--compatibility", "forward"], 1),
        ({"type": "string"}, [], 1),
    ],
)
def test_two_files_need_no_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], new: Any, options: list[str], status: int
) -> None:
    old, changed = write(tmp_path, "old.json", OLD), write(tmp_path, "new.json", new)
    assert ended(old, changed, *options) == status
    told = capsys.readouterr().out
    assert told.startswith(f"{old} → {changed}: ")
    if status and new is REQUIRED:
        name = "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        assert f"{name} at /b, breaks backward: b is required now, and was not before." in told


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"type: object\n", "is not JSON"),
        (b"", "is empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"[]", "is no JSON Schema"),
        (b'"text"', "is no JSON Schema"),
        (b'{"title": "A",\n "type": "obj"}', "line 2: /type"),
        (b'{"properties": {"a": {"$ref": "#/nope"}}}', "nope"),
        (b'{"type": "object", "type": "string"}', "more than once"),
        (b'{"a": NaN}', "JSON|number"),
        (b'{"a": "\\u0000"}', "."),
        (b"[" * 500 + b"]" * 500, "deep"),
    ],
)
def test_bad_input_ends_with_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, cause: str
) -> None:
    bad, good = write(tmp_path, "bad.json", content), write(tmp_path, "good.json", OLD)
    for files in ((bad, good), (good, bad)):
        assert ended(*files) == 2
        said = capsys.readouterr().err
        assert bad in said and re.search(cause, said) and "Traceback" not in said


def test_a_file_that_is_not_there_and_a_tenant_that_is_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path, "good.json", OLD)
    assert ended(good, str(tmp_path / "none.json")) == 2
    assert "none.json: cannot be read" in capsys.readouterr().err
    assert ended(good, str(tmp_path)) == 2
    assert ended(good) == 2
    assert "--tenant: is needed" in capsys.readouterr().err
    assert ended(good, "a\0b") == 2


# -- with what is registered ----------------------------------------------------------------------


@pytest.fixture
def curator(db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Actor]:
    monkeypatch.setattr(database, "start", lambda settings: db)
    monkeypatch.setattr(database, "stop", lambda: None)
    actor = new_actor("admin")
    with database.write(actor) as conn:
        schema_registry.register(conn, actor, schemas={"acme.Device.v1": LONGER, "acme.Device.v2": OLD})
    return actor


@pytest.mark.parametrize(
    ("name", "schema", "status", "told"),
    [
        ("acme.Device.v3.json", OPTIONAL, 0, "acme.Device.v2 → "),
        ("acme.Device.v3.json", REQUIRED, 1, "acme.Device.v2 → "),
        ("acme.Device.v1.json", OLD, 1, "acme.Device.v1 → "),
        ("any.json", {**REQUIRED, "$id": "https://schemas.example/acme.Device.v3.schema.json"}, 1, "acme.Device.v2 → "),
        ("any.json", {**OPTIONAL, "$id": "acme.Device.v3"}, 0, "acme.Device.v2 → "),
        ("acme.Other.v1.json", REQUIRED, 0, "acme.Other.v1: not registered yet"),
        ("payload.TicketCreated.v2.json", {"type": "string"}, 1, "payload.TicketCreated.v1 → "),
    ],
)
def test_one_file_is_compared_with_its_family(
    curator: Actor, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, schema: Any, status: int, told: str
) -> None:
    assert ended(write(tmp_path, name, schema), "--tenant", str(curator.tenant)) == status
    assert capsys.readouterr().out.startswith(told)


def test_several_files_break_if_one_does(curator: Actor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write(tmp_path, "acme.Device.v3.json", OPTIONAL), write(tmp_path, "acme.Device.v4.json", REQUIRED)
    assert ended(good, bad, "--tenant", str(curator.tenant)) == 1
    assert capsys.readouterr().out.count("acme.Device.v2 → ") == 2


def test_another_tenants_registry_is_not_asked(
    curator: Actor, new_actor: ActorFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = new_actor("admin")
    assert ended(write(tmp_path, "acme.Device.v3.json", REQUIRED), "--tenant", str(stranger.tenant)) == 0
    assert "not registered yet" in capsys.readouterr().out
    assert ended(write(tmp_path, "acme.Device.v3.json", REQUIRED), "--tenant", "Nobody Ltd") == 2
    assert "There is no tenant Nobody Ltd." in capsys.readouterr().err


# -- apply ----------------------------------------------------------------------------------------


def test_events_are_taken_in_when_told_so(curator: Actor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"event_type": "DEVICE_LOST", "name": "Lost", "schema": OLD}
    file = write(tmp_path, "own.json", {"event_catalog": 1, "events": [good]})
    tenant = ["--tenant", str(curator.tenant)]

    def known() -> bool:
        with database.read(curator) as conn:
            return entries.entry(conn, tenant=curator.tenant, event_type="DEVICE_LOST") is not None

    for options in ([], ["--dry-run"]):
        assert ended(file, *tenant, *options, what="apply") == 0
        out = capsys.readouterr().out
        assert out.startswith("new        DEVICE_LOST\n1 new, 0 changed, 0 unchanged, 0 invalid\n") and "--yes" in out
        assert not known()
    assert ended(file, *tenant, "--yes", what="apply") == 0
    assert known()
    assert ended(file, *tenant, what="apply") == 0
    assert capsys.readouterr().out.endswith("0 new, 0 changed, 1 unchanged, 0 invalid\n")
    changed = write(tmp_path, "own.json", {"event_catalog": 1, "events": [{**good, "schema": REQUIRED}, {"name": "x"}]})
    assert ended(changed, *tenant, "--yes", what="apply") == 1
    out = capsys.readouterr().out
    assert "changed    DEVICE_LOST: schema (FORWARD)" in out and "It has no event_type, which must be text." in out


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "is empty"), (b"{", "is not JSON"), (b"[1]", "is none of what is read here"), (b"\xff", "is not UTF-8")],
)
def test_a_file_that_cannot_be_taken_in_ends_with_2(
    curator: Actor, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    assert ended(write(tmp_path, "a.json", content), "--tenant", str(curator.tenant), "--yes", what="apply") == 2
    assert told in capsys.readouterr().err
    assert ended(str(tmp_path / "none.json"), "--tenant", str(curator.tenant), what="apply") == 2
    assert "cannot be read" in capsys.readouterr().err
