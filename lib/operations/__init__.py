"""Bringing the application up, keeping it well, and telling how it is.

May be imported by api, ui, worker and app.
Queries are in queries/operations/; it has no page; tests are in tests/*/operations/.
"""
