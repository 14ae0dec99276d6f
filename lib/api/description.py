"""GET /api/openapi.json: the description of all routes, as openapi.yaml has it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.api.json_response import Json
from lib.catalog.entries import ENTRY_STATUSES


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI description of the API."""
    text = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    loaded["components"]["schemas"]["EntryStatus"] = {"enum": [*ENTRY_STATUSES]}
    return loaded


async def get(_: Request) -> Response:
    """The description as JSON."""
    return Json(document())


ROUTES = [Route("/api/openapi.json", get)]
