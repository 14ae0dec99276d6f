"""A body is read only if all that its headers say of it is understood."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from lib.api import request_body
from lib.api.problems import ApiProblem


def request(*headers: tuple[str, str]) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "headers": raw}, receive)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-encoding", "")],
        [("content-encoding", " Identity, identity")],
        [("content-encoding", "identity"), ("content-encoding", "identity")],
        [("transfer-encoding", "Chunked")],
    ],
)
def test_a_body_that_comes_as_it_is_is_read(headers: list[tuple[str, str]]) -> None:
    assert asyncio.run(request_body.read(request(*headers))) == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        [("content-encoding", "gzip")],
        [("content-encoding", "identity"), ("content-encoding", "gzip")],
        [("content-encoding", "identity, br")],
        [("transfer-encoding", "gzip, chunked")],
        [("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")],
    ],
)
def test_a_body_that_comes_otherwise_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ApiProblem) as refused:
        asyncio.run(request_body.read(request(*headers)))
    assert refused.value.status == 415 and refused.value.detail.lower().startswith(headers[0][0])


def test_a_content_type_is_given_once() -> None:
    assert request_body.content_type(request()) == ""
    assert request_body.content_type(request(("content-type", "a/b"))) == "a/b"
    with pytest.raises(ApiProblem, match="more than once"):
        request_body.content_type(request(("content-type", "a/b"), ("content-type", "a/b")))
