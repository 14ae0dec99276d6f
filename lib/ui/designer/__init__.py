"""What the designer draws: the draft, its tabs and its dialogs.

May be imported by pages alone.
The page is designer; tests are in tests/*/workflows/.
"""
