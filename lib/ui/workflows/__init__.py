"""What the list of workflows and the dialogs around attaching and detaching draw.

May be imported by catalog, metrics, designer, simulate and pages.
The page is workflows; tests are in tests/*/workflows/.
"""
