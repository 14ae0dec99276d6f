"""A form for any JSON Schema, without a user interface: load a value, edit it, dump it, sample one.

dump(load(schema, value)) equals value for every JSON value, valid or not, number types included.
"""

from __future__ import annotations

from lib.schemas.form.form import Form, dump, load
from lib.schemas.form.node import Node
from lib.schemas.form.samples import sample
from lib.schemas.form.violations import MOST_UNITS, SchemaViolation, validate
from lib.serialization.json_values import ABSENT, json_text

__all__ = [
    "ABSENT",
    "MOST_UNITS",
    "Form",
    "Node",
    "SchemaViolation",
    "dump",
    "json_text",
    "load",
    "sample",
    "validate",
]
