"""The audit trail: who did what to what, written in the transaction of the deed itself."""

from __future__ import annotations

import logging
from typing import Protocol
from uuid import UUID

from lib import database
from lib.auth import acts
from lib.auth.acts import Act
from lib.database import Connection, advisory_locks, named_queries
from lib.serialization import strict_json

log = logging.getLogger(__name__)

#: Refused acts of one person that are kept in a minute. Someone who hammers at a door does not fill the trail.
MOST_REFUSED = 10

queries = named_queries.of(__name__)


class Doer(Protocol):
    """Who acts, as far as a row says it. A protocol, because `Actor` imports this module to write down refusals."""

    @property
    def tenant(self) -> UUID: ...
    @property
    def user_id(self) -> UUID: ...
    @property
    def email(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def address(self) -> str | None: ...


def record(conn: Connection, actor: Doer, act: Act) -> None:
    """Write one line: this person did this."""
    row = {
        "tenant": actor.tenant,
        "user_id": actor.user_id,
        "email": actor.email,
        "action": act.action,
        "target_type": act.target_type,
        "target_id": str(act.target_id),
        "detail": strict_json.dumps(act.detail()),
        "origin": actor.origin,
        "address": actor.address,
    }
    conn.execute(queries["record"], row)


def keep_refused(actor: Doer, refused: acts.ActRefused) -> None:
    """Write down, in a transaction of its own, that an act was refused; not more than MOST_REFUSED a minute.

    That it cannot be written down is logged: whoever is refused learns so in any case.
    """
    try:
        with database.write(actor) as conn:
            conn.execute(queries["take_turns"], {"user_id": actor.user_id, "lock": advisory_locks.REFUSALS})
            of = {"tenant": actor.tenant, "user_id": actor.user_id, "action": refused.action}
            if conn.execute(queries["lately"], {**of, "most": MOST_REFUSED}).scalar_one() < MOST_REFUSED:
                record(conn, actor, refused)
    except Exception as error:  # whatever it is, whoever was refused is told that, and not this
        log.error("A refused act of %s is not in the audit trail.", actor.user_id, exc_info=error)
