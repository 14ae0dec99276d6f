"""The HTTP API: events come in as CloudEvents, and the catalog and what became of events can be read.

A module declares its routes in ROUTES, and openapi.yaml describes them.
"""

from __future__ import annotations

from lib.api.application import ApiMiddleware as ApiMiddleware
from lib.api.application import application as application
from lib.api.bounded_requests import bound_requests as bound_requests
from lib.api.description import document as document
from lib.api.request_ids import RequestIds as RequestIds
from lib.api.starting import WhileStarting as WhileStarting
from lib.api.web_security import WebSecurity as WebSecurity
