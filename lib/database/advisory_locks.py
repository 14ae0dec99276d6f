"""The keys of all advisory locks that processes of ours take: here side by side, so that no two mean the same lock.

PostgreSQL keeps locks of one number and locks of two numbers apart. Functions of the database take more of either kind,
with 1953460590 for API tokens (migration 0029) and the seed 28 for the audit trail (migration 0028).
"""

from __future__ import annotations

#: Locks of one number. Who migrates, who loads the catalog and the demo, who folds, compares or moves counts, who
#: deletes turns.
MIGRATE = 0x65766361
LOAD = 0x65766363
COUNTS = 0x666F6C64
OLD_TURNS = 0x7475726E

#: First numbers of locks of two. Whether two sessions are in one database (the second number is drawn), which workers
#: are alive (half of an executor's id), who counts unknown events (a hash of the tenant).
SAME_DATABASE = 0x65766364
ALIVE = 0x72756E73
UNKNOWN_EVENTS = 0x756E6B

#: Seeds of hashes that make locks of one number: of a person who was refused, of a tenant whose views are counted.
REFUSALS = 29
SAVED_VIEWS = 38
