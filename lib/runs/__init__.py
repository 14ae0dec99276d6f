"""Workflow runs: executed durably, kept in a journal, recovered from dead workers, shown.

Only `engine`, and lib.worker, know DBOS.
"""
