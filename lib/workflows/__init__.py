"""Workflow definitions: drafted, checked, published, attached to events.

May be imported by operations, api and ui.
Queries are in queries/workflows/; pages are workflows and designer; tests in tests/*/workflows/.
"""
