"""Who is looking: how a person says who they are.

The pages' shell imports it, and hands the guard its way to sign in; of lib.ui it imports components only.
The frame of the pages uses it (shell); tests are in tests/pages/catalog/.
"""
