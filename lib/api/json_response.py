"""JSON out, with numbers as exact as they came in."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lib.serialization import strict_json


class Json(Response):
    """A response whose content is JSON; Decimal is written as the number it is."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return strict_json.dumps(content).encode()
