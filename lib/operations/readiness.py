"""May this process be sent requests? It is if an event that comes now is answered in the time that events take."""

from __future__ import annotations

from lib import database
from lib.errors import DatabaseUnavailable
from lib.operations import startup, stopping
from lib.runs import engine
from lib.settings import Settings

NO_DATABASE = str(DatabaseUnavailable())


def reason_against(settings: Settings) -> str | None:
    """Why it is not ready, as a sentence."""
    if stopping.is_asked():
        return "This process is stopping."
    if startup.is_under_way():
        return "This process is starting."
    try:
        database.probe()
    except DatabaseUnavailable as error:
        return str(error)
    if settings.worker == "external":
        return None  # no worker may be alive: events are taken in all the same, and their runs wait for one
    if engine.health().state != "running":
        return "The workflow engine of this process does not run."
    if not engine.listens():
        return "The workflow engine of this process does not hear of new runs yet."
    return None
