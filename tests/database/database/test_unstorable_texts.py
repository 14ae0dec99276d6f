"""What PostgreSQL cannot store is refused in a sentence, wherever it comes from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from lib import database
from lib.catalog import entries
from lib.database import Database
from lib.errors import InvalidInput
from lib.runs import records as run_records
from lib.runs.records import RunFilters
from lib.workflows import records as workflow_records
from tests.conftest import ActorFactory
from tests.support.hostile_texts import TEXTS


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("several", [False, True], ids=["text", "list"])
def test_the_sentence_names_the_parameter(given: str, several: bool, new_actor: ActorFactory) -> None:
    statement = text(
        "SELECT CAST(:right AS text), CAST(:wrong_value AS text[])"
        if several
        else "SELECT CAST(:right AS text), CAST(:wrong_value AS text)"
    )
    parameters = {"right": "fine", "wrong_value": ["fine", given] if several else given}
    with database.read(new_actor()) as conn:
        with pytest.raises(InvalidInput) as refused:
            conn.execute(statement, parameters)
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
    cause = "the character NUL" if "\0" in given else "half a surrogate pair"
    assert refused.value.sentence == f"Wrong value has {cause}, which cannot be stored."


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_the_same_when_rows_are_written_together(given: str, db: Database) -> None:
    with pytest.raises(InvalidInput, match=r"^name: has "), database.operate() as conn:
        conn.execute(
            text("INSERT INTO tenants (tenant, name) VALUES (app_uuidv7(), :name)"), [{"name": "fine"}, {"name": given}]
        )
    with db.owner.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM tenants WHERE name = 'fine'")).scalar_one() == 0


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_the_same_inside_json(given: str, new_actor: ActorFactory) -> None:
    document = json.dumps({"a": given, given: 1}, ensure_ascii=False)
    with pytest.raises(InvalidInput, match="has "), database.read(new_actor()) as conn:
        conn.execute(text("SELECT CAST(:document AS jsonb)"), {"document": document})


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_a_filter_that_nothing_can_equal_is_refused_by_its_name(given: str, new_actor: ActorFactory) -> None:
    tenant = new_actor().tenant
    for name in ("event_type", "key", "error"):
        with database.read(new_actor(tenant=tenant)) as conn, pytest.raises(InvalidInput) as refused:
            run_records.list_runs(conn, tenant=tenant, filters=RunFilters(**{name: given}))
        assert refused.value.field == name.replace("_", " ")
    for name in ("search", "event_type"):
        with database.read(new_actor(tenant=tenant)) as conn, pytest.raises(InvalidInput) as refused:
            workflow_records.list_workflows(
                conn, tenant=tenant, filters=workflow_records.WorkflowFilters(**{name: given})
            )
        assert refused.value.field == name.replace("_", " ")


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_a_type_that_nothing_can_be_named_is_no_other(given: str, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.read(actor) as conn:
        assert entries.entry(conn, tenant=actor.tenant, event_type="TICKET_CREATED") is not None
        assert entries.entry(conn, tenant=actor.tenant, event_type=f"TICKET_CREATED{given}") is None


@pytest.mark.parametrize(
    "arguments",
    [
        [b"tenant", b"\xff", b"a@example.com"],
        [b"tenant", b"Acme", b"\xff"],
        [b"token", b"--tenant", b"\xff", b"--permission", b"read"],
        [b"token", b"--tenant", b"Known", b"--permission", b"read", b"--name", b"\xed\xa0\x80"],
    ],
)
def test_a_command_line_that_is_not_utf_8_is_refused_in_a_sentence(
    arguments: list[bytes], db: Database, new_actor: ActorFactory, repository: Path
) -> None:
    new_actor("admin", name="Known")
    url = db.owner.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"lib.auth", *arguments],
        cwd=repository,
        env={"DATABASE_URL": url, "AUTH": "off", "PATH": "", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (1, 2) and done.stdout == ""
    assert "Traceback" not in done.stderr and done.stderr.strip()
