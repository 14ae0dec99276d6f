"""Catalog entries and schemas as documents: JSON Schema, AsyncAPI, OpenAPI webhooks, and files of our own.

Reading and writing are pure: no database, and nothing is fetched. `reading` takes in whatever it is given, and says of
each event why it cannot be had; `writing` gives what `reading` takes in again without a difference.
What an import does to a catalog is in lib/workflows/imports.py. Tests are in tests/unit/catalog/interchange/.
"""
