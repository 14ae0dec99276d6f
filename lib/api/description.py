"""GET /api/openapi.json: the description of all routes, as openapi.yaml has it."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.api.json_response import Json


@functools.cache
def document() -> dict[str, object]:
    """The OpenAPI description of the API."""
    text = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, object] = yaml.safe_load(text)
    return loaded


async def get(_: Request) -> Response:
    """The description as JSON."""
    return Json(document())


ROUTES = [Route("/api/openapi.json", get)]
