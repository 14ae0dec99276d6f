"""Which events there are, with their schemas and redacted fields.

May be imported by events, workflows, demo, operations and above.
Queries are in queries/catalog/; pages are catalog and event; tests are in tests/*/catalog/.
"""
