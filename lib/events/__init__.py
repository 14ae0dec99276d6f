"""Events come in, start what they match, and are found again.

May be imported by workflows, demo, operations, api and ui.
Queries are in queries/events/; pages are simulate and activity; tests are in tests/*/events/.
"""
