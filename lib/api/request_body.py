"""Reads a request's body without ever holding more of it than is allowed."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from lib.api.problems import ApiProblem
from lib.serialization.strict_json import MAX_BYTES

_SECONDS = 30


def content_type(request: Request) -> str:
    """The Content-Type, "" without one. Of two, others might read the second: raises ApiProblem."""
    given = request.headers.getlist("content-type")
    if len(given) > 1:
        raise ApiProblem("unsupported-media-type", "Content-Type: is given more than once.")
    return given[0] if given else ""


async def read(request: Request, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The body. Raises ApiProblem: too large (before reading, where its length is declared), compressed, or
    not there in time."""
    if _listed(request, "content-encoding") - {"identity"}:
        raise ApiProblem("unsupported-media-type", "Content-Encoding: send the body as it is, not compressed.")
    if _listed(request, "transfer-encoding") - {"chunked"}:  # which the server undoes; it lets others pass
        raise ApiProblem("unsupported-media-type", "Transfer-Encoding: only chunked is accepted.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with asyncio.timeout(_SECONDS):
            return await _counted(request, max_bytes)
    except TimeoutError:
        raise ApiProblem("request-timeout", f"The body did not arrive within {_SECONDS} s.") from None


def _listed(request: Request, header: str) -> set[str]:
    """The members of a list, which may come in several headers."""
    return {one.strip().lower() for value in request.headers.getlist(header) for one in value.split(",")} - {""}


async def _counted(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> ApiProblem:
    # Closed, or the server would go on to read what is left and throw it away.
    return ApiProblem("body-too-large", f"At most {max_bytes:,} bytes are accepted.", headers={"Connection": "close"})
