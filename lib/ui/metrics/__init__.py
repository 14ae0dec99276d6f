"""What the metrics page draws.

May be imported by designer, simulate and pages.
The page is metrics; tests are in tests/*/metrics/.
"""
