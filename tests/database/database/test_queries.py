"""Every stored statement still fits the schema: PostgreSQL plans it with each parameter unknown."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib.database import Database, named_queries

STATEMENTS = [
    (path.stem, name, statement)
    for path in sorted(named_queries.QUERIES.rglob("*.sql"))
    for name, statement in named_queries.parse(path).items()
]


@pytest.mark.parametrize(("module", "name", "statement"), STATEMENTS, ids=lambda v: v if "\n" not in v else "")
def test_explain(module: str, name: str, statement: str, db: Database) -> None:
    explained = text(f"EXPLAIN {statement}")
    parameters = dict.fromkeys(explained.compile().params)
    with db.owner.connect() as conn:
        assert conn.execute(explained, parameters).all()
