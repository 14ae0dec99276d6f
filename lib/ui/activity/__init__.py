"""What the activity page and an event's record draw.

May be imported by metrics, catalog, designer, simulate and pages.
The page is activity; tests are in tests/*/events/.
"""
