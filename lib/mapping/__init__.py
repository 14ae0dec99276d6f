"""How an event's payload becomes a workflow's, and whether a mapping leads from one schema to the other.

May be imported by steps, runs, events, workflows and above.
It has no queries and no page; tests are in tests/unit/mapping/.
"""
