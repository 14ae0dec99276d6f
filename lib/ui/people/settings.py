"""The frame of the settings: what is not set up, and one section at a time, which the URL names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from lib import database
from lib.auth import members, tokens
from lib.auth.actors import Actor
from lib.settings import settings
from lib.ui.components import guard, links, page_head
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Choice
from lib.ui.people import sessions, settings_data, settings_gaps, settings_members, settings_tokens
from lib.ui.people.settings_gaps import Gap

_SECTION: Choice[str] = Choice(
    "section",
    "Section",
    {
        "members": "Members",
        "tokens": "API tokens",
        "sessions": "Sessions",
        "egress": "Egress",
        "retention": "Retention",
        "redaction": "Redacted fields",
    },
    default="members",
    segmented=True,
)
_FILTERS = UrlFilters("settings", (_SECTION,))


def draw(actor: Actor) -> None:
    """Draw the settings; to who is no admin, say whom to ask."""
    if refusal := guard.refused(actor, "admin"):
        page_head.draw("Settings")
        st.info(refusal, icon=":material/lock:")
        links.page_link("me.py", label="Your own page", icon=":material/person:")
        return
    page_head.draw(
        "Settings", "Who belongs to this tenant, what calls its API, where its data goes and how long it stays."
    )
    _FILTERS.begin()
    with database.read(actor) as conn:
        people, made = members.members(conn, actor), tokens.tokens(conn, actor)
    _draw_gaps(settings_gaps.gaps(people, made, settings(), now=datetime.now(UTC)))
    section = _FILTERS.choose(_SECTION) or "members"
    _FILTERS.draw_complaints()
    sections: dict[str, Callable[[], None]] = {
        "members": lambda: settings_members.draw(actor, people, made),
        "tokens": lambda: settings_tokens.draw(actor, made),
        "sessions": lambda: sessions.draw(actor),
        "egress": settings_data.draw_egress,
        "retention": settings_data.draw_retention,
        "redaction": lambda: settings_data.draw_redaction(actor),
    }
    sections[section]()


def _draw_gaps(found: list[Gap]) -> None:
    if not found:
        return
    noun = "1 thing needs" if len(found) == 1 else f"{len(found)} things need"
    with st.expander(f"{noun} a look", icon=":material/checklist:", key="needs-a-look"):
        for number, gap in enumerate(found):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{gap.title}** {gap.meaning}", width="stretch")
                if gap.section:
                    st.button(
                        _SECTION.options[gap.section],
                        key=f"gap-{number}",
                        type="tertiary",
                        icon=":material/arrow_forward:",
                        on_click=guard.callback(_show),
                        args=(gap.section,),
                    )


def _show(section: str) -> None:
    """Callback: go to a section."""
    st.session_state[_SECTION.key] = section
