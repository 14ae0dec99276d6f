"""Workflow runs: executed durably, kept in a journal, recovered from dead workers, shown.

May be imported by events, workflows, operations and above; only runs.engine and worker know DBOS.
Queries are in queries/runs/; the page is runs; tests are in tests/*/runs/.
"""
