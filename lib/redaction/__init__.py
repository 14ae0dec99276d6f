"""Takes secrets out of values and texts before they are shown, logged, exported or copied."""

from __future__ import annotations

from lib.redaction.names import is_sensitive as is_sensitive
from lib.redaction.redacted import Redacted as Redacted
from lib.redaction.schema_marks import MarkedPlace as MarkedPlace
from lib.redaction.schema_marks import marks as marks
from lib.redaction.texts import REDACTED as REDACTED
from lib.redaction.texts import redact_text as redact_text
from lib.redaction.values import holds_redacted as holds_redacted
from lib.redaction.values import redact as redact
from lib.redaction.values import redact_key as redact_key
