"""The API serves what its description names, and nothing else."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException

from lib import api
from lib.api import problems
from lib.api.application import is_ours, routes
from lib.api.gate import TokenRoute
from tests.support.api_client import described_path


def described() -> dict[tuple[str, str], Any]:
    """The operations of openapi.yaml by method and path."""
    paths: Any = api.document()["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    return {(m.upper(), path): item[m] for path, item in paths.items() for m in methods if m in item}


def served() -> list[tuple[str, str]]:
    found = []
    for route in routes():
        methods = {route.method} if isinstance(route, TokenRoute) else (route.methods or set()) - {"HEAD"}
        found += [(method, described_path(route)) for method in methods]
    return found


def test_every_described_route_is_served_and_every_served_one_described() -> None:
    assert sorted(served()) == sorted(described())


def test_the_description_says_which_routes_need_a_token() -> None:
    default: Any = api.document().get("security")
    needing = {place for place, operation in described().items() if operation.get("security", default)}
    assert needing == {(route.method, described_path(route)) for route in routes() if isinstance(route, TokenRoute)}


def test_methods_are_told_in_one_order() -> None:
    problem = problems.of(HTTPException(405, headers={"Allow": "HEAD, GET"}))
    assert problem.headers == {"Allow": "GET, HEAD"} and "to GET, HEAD only" in problem.detail


def test_the_middleware_passes_every_route_to_the_api() -> None:
    for _, path in served():
        assert is_ours({"type": "http", "path": path, "headers": []}), path
