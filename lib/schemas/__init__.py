"""What a JSON Schema says: its fields, its form, its formats, and a sentence for each violation.

Pure: it imports serialization alone and never judges a value; everything above may import it.
It has no queries and no page; tests are in tests/unit/schemas/.
"""
