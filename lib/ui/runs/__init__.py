"""What the list of runs and a run's record draw.

May be imported by catalog, metrics, designer, simulate and pages.
The page is runs; tests are in tests/*/runs/.
"""
