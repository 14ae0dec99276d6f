"""The HTTP API: events come in as CloudEvents, and the catalog and what became of events can be read."""

from __future__ import annotations

from lib.api.application import ApiMiddleware as ApiMiddleware
from lib.api.application import application as application
from lib.api.description import document as document
