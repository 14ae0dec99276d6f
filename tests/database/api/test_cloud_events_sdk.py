"""The official CloudEvents SDK as a client: whatever way its README shows of making a request is taken in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cloudevents.core.bindings import http as core
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import conversion as v1
from cloudevents.v1.http import CloudEvent as CloudEventV1

from lib.auth.actors import Actor
from lib.database import Database
from tests.conftest import ActorFactory
from tests.support.api_client import ApiClient, new_token
from tests.support.tenant_catalog import add_entry

#: Attributes and data, as the SDK's class takes them, to headers and body.
Made = tuple[dict[str, str], bytes | str | None]
Make = Callable[[dict[str, Any], Any], Made]

TYPE = "com.example.sampletype1"
SOURCE = "https://example.com/event-producer"


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor("manage")


@pytest.fixture
def client(db: Database, actor: Actor) -> ApiClient:
    add_entry(db, actor.tenant, TYPE)
    return ApiClient(new_token(actor))


def _core(to_message: Callable[[CloudEvent], core.HTTPMessage]) -> Make:
    def make(attributes: dict[str, Any], data: Any) -> Made:
        message = to_message(CloudEvent(dict(attributes), data))
        return message.headers, message.body

    return make


def _v1(to_request: Callable[[CloudEventV1], Made]) -> Make:
    return lambda attributes, data: to_request(CloudEventV1(dict(attributes), data))


MAKERS = {
    "binary": _core(core.to_binary_event),
    "structured": _core(core.to_structured_event),
    "binary by a format": _core(lambda event: core.to_binary(event, event_format=JSONFormat())),
    "structured by a format": _core(lambda event: core.to_structured(event, event_format=JSONFormat())),
    "binary of v1": _v1(v1.to_binary),
    "structured of v1": _v1(v1.to_structured),
    "JSON of v1": _v1(lambda event: ({"Content-Type": "application/cloudevents+json"}, v1.to_json(event))),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("typed", [{}, {"datacontenttype": "application/json"}], ids=["untyped", "typed"])
@pytest.mark.parametrize("data", [{"message": "Hello World!", "n": [1, {"ü": "✓"}]}, {}, None], ids=["data", "{}", "-"])
def test_what_the_sdk_makes_is_taken_in(client: ApiClient, maker: str, typed: dict[str, str], data: Any) -> None:
    attributes = {"type": TYPE, "source": SOURCE, "subject": "T-1", "tracestate": "", **typed}
    headers, body = MAKERS[maker](attributes, data)
    response = client.request("POST", "/api/v2/events", headers=headers, content=body)
    assert response.status_code == 202, response.json()
    found = client.get(response.headers["location"]).json()
    assert (found["source"], found["correlationKey"], found["data"]) == (SOURCE, "T-1", data)
    again = client.request("POST", "/api/v2/events", headers=headers, content=body)
    assert again.json()["duplicate"] is True
