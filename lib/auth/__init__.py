"""Who acts, with which permission and token, what they prefer, and what they did.

May be imported by everything but redaction and what lies below it.
Queries are in queries/auth/; tests are in tests/database/auth/.
"""
