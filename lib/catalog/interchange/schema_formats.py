"""The formats that AsyncAPI names schemas by, and the drafts of JSON Schema among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib.catalog.interchange.documents import Unreadable, shown
from lib.schemas import dialects

#: The drafts as formats name them.
NAMES = {3: "draft-03", 4: "draft-04", 6: "draft-06", 7: "draft-07", 2019: "2019-09", dialects.NEWEST: "2020-12"}
#: AsyncAPI's schemas are a superset of this draft.
DRAFT_7 = dialects.ADDRESSES[7]
_DRAFTS = {name: dialects.ADDRESSES[draft] for draft, name in NAMES.items()}
_DRAFTS |= {f"draft-{name}": _DRAFTS[name] for name in ("2019-09", "2020-12")}
_ASYNCAPI = re.compile(r"application/vnd\.aai\.asyncapi(\+json|\+yaml)?(;.*)?")
_JSON_SCHEMA = re.compile(r"application/schema(\+json|\+yaml)?(?:;\s*version=(?P<draft>.*))?")


def names_its_format(value: Any) -> bool:
    """Whether a value is a schema together with the name of its format, as AsyncAPI 3 has them."""
    return isinstance(value, Mapping) and "schema" in value and isinstance(value.get("schemaFormat"), str)


def draft(schema_format: Any) -> str:
    """The draft in which a schema of this format is written. Raises Unreadable for what is no JSON Schema."""
    if schema_format is None or (isinstance(schema_format, str) and _ASYNCAPI.fullmatch(schema_format)):
        return DRAFT_7
    match = _JSON_SCHEMA.fullmatch(schema_format) if isinstance(schema_format, str) else None
    found = _DRAFTS.get(match["draft"] or "draft-07") if match else None
    if found is None:
        raise Unreadable(f"has a payload in {shown(str(schema_format))}, which is not JSON Schema")
    return found
