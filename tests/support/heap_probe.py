"""The whole app under its own lifespan, with one address more that says what its heap holds.

The last argument is the port.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import uvicorn
from starlette.responses import JSONResponse

from app import app


async def probed(scope: Any, receive: Any, send: Any) -> None:
    """Answer for the heap; everything else is the app's."""
    if scope.get("path") != "/heap":
        await app(scope, receive, send)
        return
    heap = {"frozen": gc.get_freeze_count(), "tracked": len(gc.get_objects()), "modules": sorted(sys.modules)}
    await JSONResponse(heap)(scope, receive, send)


if __name__ == "__main__":
    uvicorn.run(probed, host="localhost", port=int(sys.argv[-1]), log_level="warning")
