"""What the simulate page draws.

May be imported by pages alone.
The page is simulate; tests are in tests/*/events/.
"""
