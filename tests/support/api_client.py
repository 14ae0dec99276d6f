"""Calls the API as a client would, and holds every answer against its OpenAPI description."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx2
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.routing import Match, Route
from starlette.testclient import TestClient

from lib import api, database
from lib.api.gate import TokenRoute
from lib.auth import tokens
from lib.auth.actors import Actor

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
DESCRIPTION = "urn:description"

_registry: Registry[Any] = Registry().with_resource(
    DESCRIPTION, Resource(contents=api.document(), specification=DRAFT202012)
)


def validator(pointer: str) -> Draft202012Validator:
    """Validates against the schema at a JSON pointer of the description."""
    return Draft202012Validator({"$ref": f"{DESCRIPTION}#{pointer}"}, registry=_registry)


def at(pointer: str) -> Any:
    """What the description has at a JSON pointer, local references followed."""
    value: Any = api.document()
    for part in pointer.strip("#/").split("/"):
        value = value[part.replace("~1", "/").replace("~0", "~")]
        if isinstance(value, dict) and set(value) == {"$ref"}:
            value = at(value["$ref"])
    return value


def check_described(method: str, path: str, response: httpx2.Response) -> None:
    """Fail unless the description has this route, this status, this content type and this body."""
    operation = at("/paths")[path][method.lower()]
    answers = operation["responses"]
    assert str(response.status_code) in answers, f"{method} {path}: {response.status_code} is not described"
    described = answers[str(response.status_code)]
    if set(described) == {"$ref"}:
        described = at(described["$ref"])
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in described["content"], f"{method} {path}: {media_type} is not described"
    schema = described["content"][media_type].get("schema", {})
    if media_type.endswith("json"):
        rooted = {"$defs": {}, **_absolute(schema)}
        Draft202012Validator(rooted, registry=_registry).validate(response.json())


def _absolute(schema: Any) -> Any:
    """The schema with its local references made absolute."""
    if isinstance(schema, dict):
        return {k: f"{DESCRIPTION}{v}" if k == "$ref" else _absolute(v) for k, v in schema.items()}
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema


class ApiClient:
    """Calls with one token; `token` may be changed or None."""

    def __init__(self, token: str | None, *, per_second: float = 1e6, burst: int = 1_000_000) -> None:
        self.app = api.application(per_second=per_second, burst=burst)
        self.http = TestClient(self.app, raise_server_exceptions=True)
        self.token = token

    def as_(self, token: str | None) -> ApiClient:
        """The same application, called with another token."""
        other = object.__new__(ApiClient)
        other.app, other.http, other.token = self.app, self.http, token
        return other

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        response = self.http.request(method, path, headers=headers, follow_redirects=False, **options)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        if route := self._route(method, path):
            check_described(method, route, response)
        return response

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("GET", path, **options)

    def post(self, event: Any, content_type: str = STRUCTURED, **options: Any) -> httpx2.Response:
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {"Content-Type": content_type} | options.pop("headers", {})
        return self.request("POST", "/api/v2/events", content=content, headers=headers, **options)

    def _route(self, method: str, path: str) -> str | None:
        scope = {"type": "http", "method": method, "path": path.partition("?")[0], "headers": []}
        for route in routes(self.app):
            if route.matches(scope)[0] is Match.FULL:
                return described_path(route)
        return None


def described_path(route: Route | TokenRoute) -> str:
    """How the description has a route's path: it does not tell a part that may have slashes in it from others."""
    return route.path.replace(":path}", "}")


def routes(app: Any) -> list[Route]:
    """Every route of the application."""
    while hasattr(app, "_app"):  # past what stands around it
        app = app._app
    return [route for route in app.router.routes if isinstance(route, Route)]


def new_token(actor: Actor, permission: str = "manage", *, send_only: bool = False) -> str:
    """A token for the actor's tenant."""
    admin = Actor(actor.tenant, actor.user_id, actor.email, "admin")
    with database.write(admin) as conn:
        return tokens.create_token(conn, admin, name="Test", permission=permission, send_only=send_only)  # type: ignore[arg-type]


def event(**changes: Any) -> dict[str, Any]:
    """A CloudEvent with an id of its own; `...` leaves an attribute out."""
    given = {"specversion": "1.0", "id": str(uuid4()), "source": "/test", "type": "TICKET_CREATED", "data": {}}
    return {name: value for name, value in (given | changes).items() if value is not ...}
