"""Where data goes, how long it stays, and what of it nobody sees. Most of it is set by whoever runs the server."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.errors import CatalogError
from lib.settings import settings
from lib.steps.egress import Policy
from lib.ui.components import table
from lib.ui.components.text import code, escape, plural

_SET_BY = "Whoever runs the server sets this, for all tenants: it is no choice of a tenant's."


def draw_egress() -> None:
    """Draw the hosts that workflows may reach."""
    st.header("Egress", anchor=False)
    st.markdown("Where the step HTTP request of a workflow may send data. Everything else is refused.")
    try:
        policy = Policy.parse(settings().egress_allow, private=settings().egress_allow_private)
    except CatalogError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    if policy.allowed:
        st.markdown("\n".join(f"- {_host(host, port)}" for host, port in policy.allowed))
    else:
        st.info("No host is allowed, so every HTTP request of a workflow fails.", icon=":material/block:")
    if policy.private:
        st.warning(
            "Private and loopback addresses may be reached too (`EGRESS_ALLOW_PRIVATE=1`). That is for trials on one "
            "machine.",
            icon=":material/warning:",
        )
    st.caption(f"`EGRESS_ALLOW` · {_SET_BY}")


def _host(host: str, port: int | None) -> str:
    means = f"every host below {code(host[2:])}" if host.startswith("*.") else "this host"
    ports = f"port {port}" if port else "the usual port of HTTP and HTTPS"
    return f"{code(host)} :gray[· {means}, {ports}]"


def draw_retention() -> None:
    """Draw how long events and runs are kept."""
    st.header("Retention", anchor=False)
    days, error_days = settings().retention_days, settings().retention_error_days
    if days is None:
        st.markdown("Events are kept **for ever**, with their payloads and what they started.")
    else:
        st.markdown(
            f"Events are dropped after **{plural(days, 'day')}**, a month at a time, with their payloads. The runs "
            "that they started go too, with what steps took and gave; one that has not ended stays until it has."
        )
        if error_days is not None:
            st.markdown(f"Events and runs that failed stay for **{plural(error_days, 'day')}**.")
    st.markdown("Their counts stay, so metrics go back further than events. The audit trail is never dropped.")
    st.caption(f"`RETENTION_DAYS`, `RETENTION_ERROR_DAYS` · {_SET_BY}")


def draw_redaction(actor: Actor) -> None:
    """Draw the fields that the tenant wants redacted, with the way to each event."""
    st.header("Redacted fields", anchor=False)
    st.markdown(
        "What a schema marks as sensitive, and what looks like a secret, is redacted anyway. These fields are, too, in "
        "events that come from now on. An event's own page changes them."
    )
    with database.read(actor) as conn:
        found = redacted_fields.by_event(conn, actor)
    everywhere = found.pop(None, None)
    pointers = " ".join(map(code, everywhere.everywhere)) if everywhere else ":gray[none chosen]"
    st.markdown(f":material/visibility_off: In every event: {pointers}")
    if not found:
        st.caption("No single event has further fields redacted.")
        return
    types = [one for one in found if one is not None]
    table.draw(
        [
            {
                "Event": event_type,
                "Fields": ", ".join(found[event_type].own),
                "Changed": found[event_type].updated_at,
                "By": found[event_type].updated_by,
            }
            for event_type in types
        ],
        {"Fields": table.text(width=480), "Changed": table.moment(), "By": table.text(width=160)},
        key="settings-redaction",
        way_in=table.WayIn("Event", lambda row: _open(types[row]), width=250, help="Opens the event"),
    )


def _open(event_type: str) -> None:
    """Callback: show the event's page."""
    st.switch_page("event.py", query_params={"eventType": event_type})
