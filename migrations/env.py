"""Alembic's entry; lib.database.migrate hands it the connection, so there is no alembic.ini."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
