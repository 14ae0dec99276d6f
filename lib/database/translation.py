"""What the driver raises, in errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from lib.errors import Conflict, DatabaseUnavailable, TookTooLong

#: What a violated constraint means to the person who caused it. The only place that knows their names.
CONSTRAINT_MESSAGES = {
    "event_catalog_type_key": "This tenant already has an event of that type.",
    "event_catalog_pkey": "This tenant already has that event.",
    "payload_schemas_pkey": "That schema ref is taken; a changed schema needs a new version.",
    "saved_views_name_key": "You have a view of that name on this page already, perhaps in another case.",
    "workflow_definition_versions_version_key": "Someone else published this workflow meanwhile.",
}

#: A host makes its database so when the disk is nearly full, and so is a standby that took the place of its primary.
NO_CHANGES = "The database takes no changes at the moment: it is read-only."

#: What no second try helps: a row that does not fit its index, or a statement that is too large.
_PAST_A_LIMIT = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)


@contextmanager
def translated(*, changes: bool = True) -> Iterator[None]:
    """Turn driver errors into ours, so that nobody above needs to know the driver.

    Without `changes` none are to be made, and whoever tries is wrong, not the database.
    """
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if message := CONSTRAINT_MESSAGES.get(name):
            raise Conflict(message) from error
        raise
    except NoConnectionFree as error:
        raise DatabaseUnavailable("All connections to the database are in use.") from error
    except _PAST_A_LIMIT:
        raise
    except psycopg.OperationalError as error:  # of what uses the driver itself, as the engine does
        raise DatabaseUnavailable(why=first_line(error)) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise DatabaseUnavailable(NO_CHANGES) from error
    except (OperationalError, InterfaceError) as error:
        if isinstance(error.orig, psycopg.errors.QueryCanceled):
            raise TookTooLong("That took too long and was stopped. Narrow the range or the filters.") from error
        if isinstance(error.orig, psycopg.errors.DiskFull):
            raise DatabaseUnavailable("The disk of the database is full; nothing can be stored for now.") from error
        if isinstance(error.orig, _PAST_A_LIMIT):
            raise
        # Without a statement it is the connection that failed, and what is said of that tells of no value.
        raise DatabaseUnavailable(why=None if error.statement else first_line(error.orig)) from error
    except DBAPIError as error:
        if changes and isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
            raise DatabaseUnavailable(NO_CHANGES) from error
        if error.connection_invalidated:
            raise DatabaseUnavailable from error
        raise


def first_line(error: BaseException | None) -> str:
    """What the server or the driver says first."""
    return (str(error).strip().splitlines() or ["it does not answer"])[0]
