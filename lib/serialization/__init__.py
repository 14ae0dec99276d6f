"""JSON and tables as text: strict reading, exact numbers, places in a text, files; and what a name is.

Imports nothing of ours but errors; everything may import it.
It has no queries and no page; tests are in tests/*/serialization/.
"""
