"""The official CloudEvents SDK of npm as a client: each message that its README shows how to make is taken in."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from lib.database import Database
from tests.conftest import ActorFactory
from tests.support import npm
from tests.support.api_client import ApiClient, new_token
from tests.support.npm import NpmMissing
from tests.support.tenant_catalog import add_entry

VERSION = "10.0.0"
TYPE = "com.example.sampletype1"
SOURCE = "https://example.com/event-producer"
DATA = {"message": "Hello World!", "n": [1, {"ü": "✓"}]}
#: What the connection decides, not the SDK.
HOP = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    try:
        command = npm.script(
            "cloudevents_messages.js", package=f"cloudevents@{VERSION}", folder=tmp_path_factory.mktemp("npm")
        )
    except NpmMissing as error:
        pytest.skip(str(error))
    made = subprocess.run([*command, TYPE, SOURCE], capture_output=True, text=True, timeout=60, check=True)
    found: list[dict[str, Any]] = json.loads(made.stdout)
    return found


def test_what_the_sdk_makes_is_taken_in(db: Database, new_actor: ActorFactory, messages: list[dict[str, Any]]) -> None:
    actor = new_actor("manage")
    add_entry(db, actor.tenant, TYPE)
    client = ApiClient(new_token(actor))
    assert len(messages) == 11
    for message in messages:
        headers = {name: str(value) for name, value in message["headers"].items() if name.lower() not in HOP}
        response = client.request("POST", "/api/v2/events", headers=headers, content=message["body"].encode())
        assert response.status_code == 202, (message["name"], response.json())
        found = client.get(response.headers["location"]).json()
        wanted = None if "without data" in message["name"] else DATA
        assert (found["source"], found["data"]) == (SOURCE, wanted), message["name"]
