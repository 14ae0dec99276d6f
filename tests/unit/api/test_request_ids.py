"""A request has an id: the caller's if it is a good one, the trace's, or a new one; the answer tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.api import RequestIds
from lib.telemetry import context

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def tell(_: Request) -> PlainTextResponse:
    return PlainTextResponse(context.ids()["request_id"])


CLIENT = TestClient(RequestIds(Starlette(routes=[Route("/", tell)])))


def answered(headers: dict[str, str] | list[tuple[str, bytes]]) -> str:
    response = CLIENT.get("/", headers=headers)  # type: ignore[arg-type]
    assert response.headers.get_list("x-request-id") == [response.text]
    return response.text


@pytest.mark.parametrize("given", ["a", "01J8-x_y.z:1@host=+", "A" * 128])
def test_a_good_id_is_taken_over(given: str) -> None:
    assert answered({"X-Request-Id": given}) == given


def test_else_the_trace_of_the_caller_is_the_id() -> None:
    assert answered({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}) == TRACE
    assert answered({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}) != "0" * 32


@given(st.binary(min_size=1, max_size=200).filter(lambda given: not given.isalnum()))
def test_no_other_id_comes_back(given: bytes) -> None:
    header = bytes(sign for sign in given if sign not in b"\0\r\n") + b" "  # which no server lets in
    told = answered([("X-Request-Id", header)])
    assert (told.isalnum() and len(told) == 32) or told.encode() == header.strip()
    assert told.isprintable() and " " not in told and '"' not in told


def test_two_ids_are_none_and_each_request_has_its_own() -> None:
    told = answered([("X-Request-Id", b"a"), ("X-Request-Id", b"b")])
    assert len(told) == 32 and told != answered({})
