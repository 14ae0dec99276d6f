"""No value of any parameter of any route is an error of ours. Routes and parameters are those of the description."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from lib import api
from lib.events.activity import EventFilters
from tests.conftest import ActorFactory
from tests.support.api_client import ApiClient, at, new_token
from tests.support.hostile_texts import BYTES, TEXTS
from tests.support.tickets import event_ticket

OPERATIONS = [
    (method, path, operation)
    for path, methods in api.document()["paths"].items()  # type: ignore[attr-defined]
    for method, operation in methods.items()
]
# Headers that every route reads, or that a body's reader does, described or not.
IN_HEADERS = ("half a surrogate pair", "not UTF-8", "digits of another script", "more digits than int() reads")
HEADERS = ("accept", "authorization", "content-encoding", "content-length", "content-type", "cookie", "ce-extension")


def parameters(operation: dict[str, Any]) -> list[tuple[str, str]]:
    """(where, name) of all that a caller can give besides the body, and of a parameter that is not known."""
    described = [at(one["$ref"]) if "$ref" in one else one for one in operation.get("parameters", [])]
    return [
        *((one["in"], one["name"]) for one in described),
        *(("header", name) for name in HEADERS),
        ("query", "unknown"),
        ("name", "value"),
    ]


def send(client: ApiClient, method: str, path: str, where: str, name: str, value: bytes) -> tuple[int, dict[str, Any]]:
    """Status of the answer, and its body if it is a problem; a good event, but for what is hostile."""
    encoded = quote(value, safe="")
    headers: dict[str, str | bytes] = {"content-type": "application/json"}
    if method == "post":
        headers |= {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "TICKET_CREATED"}
    if where == "header":  # attributes are percent-encoded
        headers[name] = encoded if name.startswith("ce-") else value
    query = {"query": f"?{name}={encoded}", "name": f"?{encoded}=1"}.get(where, "")
    response = client.request(
        method.upper(),
        path.replace(f"{{{name}}}", encoded) + query,
        headers=headers,
        content=b"{}" if method == "post" else b"",
    )
    problem = response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json() if problem else {}


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda p: p if isinstance(p, str) else "")
def test_no_value_of_any_parameter_is_an_error_of_ours(
    method: str, path: str, operation: dict[str, Any], new_actor: ActorFactory
) -> None:
    client = ApiClient(new_token(new_actor("manage")))
    for where, name in parameters(operation):
        for kind in IN_HEADERS if name in HEADERS else BYTES:
            value = BYTES[kind]
            status, problem = send(client, method, path, where, name, value)
            said = f"{method} {path}, {where} {name} with {kind}: {status} {problem}"
            assert status < 500 or (path, status) == ("/readyz", 503), said  # no engine runs here
            assert status < 400 or len(problem["detail"].split()) > 2, said


@pytest.mark.parametrize("name", ["category", "search"])
def test_what_nothing_in_the_catalog_can_have_is_refused_by_its_name(name: str, new_actor: ActorFactory) -> None:
    client = ApiClient(new_token(new_actor("read"), "read"))
    status, problem = send(client, "get", "/api/v2/catalog", "query", name, b"a\0")
    assert (status, problem["field"]) == (400, name)
    assert problem["detail"] == f"{name}: has the character NUL, which cannot be stored"


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_an_export_of_what_nothing_can_equal_is_refused(given: str, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    for name in ("correlation_key", "event_id", "event_types"):
        filters = EventFilters(**{name: (given,) if name == "event_types" else given})  # type: ignore[arg-type]
        ticket = event_ticket(actor, filters)
        response = TestClient(api.application(per_second=1e6, burst=1)).get(f"/api/v2/exports/{ticket}")
        assert response.status_code == 400
        assert "cannot be stored" in response.json()["detail"]
