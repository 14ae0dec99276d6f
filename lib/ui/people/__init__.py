"""Who is looking: how a person says who they are, their own page, and the settings of their tenant.

The pages' shell imports it, and hands the guard its way to sign in; of lib.ui it imports components only.
Tests are in tests/pages/people/ and tests/e2e/people/.
"""
