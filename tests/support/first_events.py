"""Brings the application up in a process of its own and says how much work its first events are, one after another.

The argument is the URL of the database. Every event comes with a token that was never seen before, so nothing but what
the process has done makes one cheaper than another.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from uuid import uuid4

from lib import database
from lib.auth import actors, tokens
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.operations import startup
from lib.settings import Settings
from tests.support.api_client import ApiClient, event
from tests.support.statements import counted_statements
from tests.support.work import calls

EVENTS = 10
EVENT = "TICKET_CREATED"


def main(url: str) -> None:
    """Send the events and print what each took: statements, and functions called."""
    example = next(one.example for one in system_catalog.read() if one.event_type == EVENT)
    startup.start(Settings(database_url=url, auth="off", worker="external"))
    # And whatever a first request loads is loaded.
    assert ApiClient(None).get("/readyz").status_code == 503, "no worker runs"
    # Each with an application of its own: calls are counted in threads that start meanwhile, not in those that run.
    opened = [ApiClient(_token()) for _ in range(EVENTS)]
    took = []
    with counted_statements() as statements:
        for client in opened:
            statements.clear()
            work = calls(lambda: _send(client, example))  # noqa: B023
            took.append({"statements": len(statements), "calls": work})
    print(json.dumps(took))
    startup.stop()


def _token() -> str:
    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name="Tenant")
        admin = Actor(tenant, uuid4(), "admin@example.com", "admin")
        return tokens.create_token(conn, admin, name="First", permission="manage")


def _send(client: ApiClient, payload: Any) -> None:
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/cloudevents+json"}
    sent = json.dumps(event(type=EVENT, data=payload))
    assert client.http.post("/api/v2/events", content=sent, headers=headers).status_code == 202


if __name__ == "__main__":
    main(sys.argv[1])
