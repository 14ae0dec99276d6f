"""How often events happened and how that went: counts, reports, conformance.

May be imported by catalog, events, workflows, operations and above.
Queries are in queries/metrics/; the page is metrics; tests are in tests/*/metrics/.
"""
