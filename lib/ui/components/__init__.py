"""What several pages draw with: guard, words, statuses, filters of the URL, schemas, charts in frames.

Every other package of lib.ui may import it; it imports none of them.
Tests are in tests/*/components/.
"""
