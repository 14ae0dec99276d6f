"""Alembic's entry; lib.database.migrate hands it the connection, so there is no alembic.ini."""

from typing import Any

from alembic import context
from sqlalchemy import event

#: How migrations spell the role that pages act as. Where that is another one, it is put in its place.
WRITTEN_ROLE = "event_catalog_app"

connection = context.config.attributes["connection"]
role = context.config.attributes.get("role", WRITTEN_ROLE)


def in_this_database(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
    return statement.replace(WRITTEN_ROLE, role), parameters


if role != WRITTEN_ROLE:
    event.listen(connection, "before_cursor_execute", in_this_database, retval=True)
context.configure(connection=connection, target_metadata=None)
context.run_migrations()
if role != WRITTEN_ROLE:
    event.remove(connection, "before_cursor_execute", in_this_database)
