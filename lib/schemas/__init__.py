"""What a JSON Schema says: its fields, its form, its formats, and a sentence for each violation.

Pure: it imports serialization alone, and everything above may import it. `document` reads schemas, `spec` and
`fields` say what one place may hold (in the branch that was picked, or in all of them). `judge` says whether a value
fits, by what `compiling` makes of a schema and within what `cost` foresees; `choosing` and `telling` find the words.
The others are views.
"""

from __future__ import annotations

from typing import Any

JsonSchema = dict[str, Any]
