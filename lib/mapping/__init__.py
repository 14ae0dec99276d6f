"""How an event's payload becomes a workflow's, and whether a mapping leads from one schema to the other."""
