"""What the catalog, its drawer and an event's page draw.

May be imported by designer, simulate and pages.
Pages are catalog and event; tests are in tests/*/catalog/.
"""
