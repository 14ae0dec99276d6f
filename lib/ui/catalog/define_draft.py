"""What somebody typed to define an event is kept as they type. Its id is in the URL, so a reload finds it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import definition_drafts
from lib.catalog.definition_drafts import DefinitionDraft
from lib.errors import InvalidInput

PARAMETER = "draft"


def asked(actor: Actor, *, purpose: str, event_type: str) -> DefinitionDraft | None:
    """The draft that the URL names, if it is this person's and of the same event."""
    try:
        draft_id = UUID(st.query_params.get(PARAMETER, ""))
    except ValueError:
        return None
    with database.read(actor) as conn:
        draft = definition_drafts.get(conn, actor, draft_id=draft_id)
    return draft if draft and (draft.of["purpose"], draft.of["asked"]) == (purpose, event_type) else None


def keep(
    actor: Actor, before: DefinitionDraft | None, *, of: dict[str, Any], fields: dict[str, Any]
) -> DefinitionDraft | None:
    """The draft as it is kept now. What cannot be stored is not kept; its field says what is wrong with it."""
    try:
        with database.write(actor) as conn:
            kept = definition_drafts.keep(conn, actor, before=before, of=of, fields=fields)
    except InvalidInput:
        return before
    st.query_params[PARAMETER] = str(kept.draft_id)
    return kept


def forget() -> None:
    """Go on without the draft that the URL names, which stays as it is."""
    st.query_params.pop(PARAMETER, None)
