"""Every way a request can fail, as problem+json (RFC 9457): one kind, one status, one sentence for people.

`ApiProblem` is what handlers raise; `of()` turns any other error into one. What is nobody's business outside
stays in the log, under a reference that the caller is given.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any, Literal
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from lib.errors import (
    CatalogError,
    Conflict,
    DatabaseUnavailable,
    DownloadEnded,
    InvalidInput,
    NotFound,
    PermissionDenied,
    TokenEnded,
)

log = logging.getLogger(__name__)

ProblemKind = Literal[
    "invalid-request",
    "unauthenticated",
    "permission-denied",
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "conflict",
    "gone",
    "body-too-large",
    "unsupported-media-type",
    "unknown-event-type",
    "too-many-requests",
    "internal-error",
    "unavailable",
    "not-possible-now",
]

STATUS: dict[ProblemKind, HTTPStatus] = {
    "invalid-request": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "permission-denied": HTTPStatus.FORBIDDEN,
    "not-found": HTTPStatus.NOT_FOUND,
    "method-not-allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "request-timeout": HTTPStatus.REQUEST_TIMEOUT,
    "conflict": HTTPStatus.CONFLICT,
    "gone": HTTPStatus.GONE,
    "body-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported-media-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "unknown-event-type": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too-many-requests": HTTPStatus.TOO_MANY_REQUESTS,
    "internal-error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "not-possible-now": HTTPStatus.SERVICE_UNAVAILABLE,
}

#: How a request is to say who makes it.
REALM = 'Bearer realm="event-catalog"'
_RETRY = {"Retry-After": "5"}  # seconds


class ApiProblem(Exception):
    """A refusal. `members` stand beside the standard ones in the body; `headers` go with the response."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.members = members or {}
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(STATUS[self.kind])

    def body(self) -> dict[str, Any]:
        """The problem as a JSON object."""
        return {
            "type": f"urn:event-catalog:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    def response(self) -> Response:
        """The response that says so."""
        # ASCII only: a detail may quote a text that is not valid Unicode.
        content = json.dumps(self.body()).encode()
        return Response(content, self.status, self.headers, media_type="application/problem+json")


def not_found() -> ApiProblem:
    """The same for what is not there, what belongs to another tenant and what cannot be an id at all."""
    return ApiProblem("not-found", "There is nothing here, or nothing that you may see.")


def unavailable(detail: str) -> ApiProblem:
    """Something that this process needs does not answer; it may again in a moment."""
    return ApiProblem("unavailable", detail, headers=_RETRY)


def of(error: Exception) -> ApiProblem:
    """The problem that an error is to whoever made the request."""
    match error:
        case ApiProblem():
            return error
        case InvalidInput():
            return ApiProblem("invalid-request", str(error), members={"field": error.field})
        case NotFound():
            return not_found()
        case PermissionDenied():
            return ApiProblem("permission-denied", str(error))
        case TokenEnded():
            challenge = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
            return ApiProblem("unauthenticated", str(error), headers=challenge)
        case Conflict():
            return ApiProblem("conflict", str(error))
        case DownloadEnded():
            return ApiProblem("gone", str(error))
        case DatabaseUnavailable():
            return unavailable(str(error))
        case CatalogError():  # such as a statement that was stopped because it took too long
            return ApiProblem("not-possible-now", str(error), headers=_RETRY)
        case HTTPException(status_code=404):
            return not_found()
        case HTTPException(status_code=405):
            methods = (error.headers or {}).get("Allow", "")  # in any order, which differs from process to process
            allowed = ", ".join(sorted(method.strip() for method in methods.split(",")))
            detail = f"This resource answers to {allowed} only."
            return ApiProblem("method-not-allowed", detail, headers={"Allow": allowed})
        case ClientDisconnect():
            return ApiProblem("request-timeout", "The connection was closed before the body was there.")
        case _:
            return _internal(error)


def _internal(error: Exception) -> ApiProblem:
    reference = uuid4().hex[:8]
    log.error("Unexpected error %s", reference, extra={"error": error})
    detail = f"Something went wrong on our side. The log has the details under reference {reference}."
    return ApiProblem("internal-error", detail, members={"reference": reference})
