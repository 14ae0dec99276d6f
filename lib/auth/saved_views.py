"""Saved views: the filters of a page under a name, seen by whoever saved them or by everybody in the tenant.

Which parameters a page has is not known here. A view that opens a page for somebody is one of their preferences.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lib.auth import acts, audit, preferences
from lib.auth.actors import Actor, Right
from lib.database import Connection, advisory_locks, named_queries
from lib.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from lib.serialization import naming, strict_json

LONGEST_NAME = 80
#: Views that one person may have, and that people of a tenant may share.
MOST_OWN, MOST_SHARED = 50, 200
_MOST_BYTES = 4096
#: What the preference is called which names the view that opens a page; the page's name follows.
_DEFAULT_OF = "view."

#: What the URL of a page asks for: each parameter with its values.
Parameters = Mapping[str, Sequence[str]]

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class SavedView:
    """A view as one person sees it. `owner_name` is None for somebody who has left."""

    view_id: UUID
    page: str
    name: str
    parameters: Parameters
    is_shared: bool
    is_own: bool
    owner_name: str | None
    is_default: bool


def seen(conn: Connection, actor: Actor) -> list[SavedView]:
    """The views that the actor sees: their own by name, then those that others share."""
    keys = {"tenant": actor.tenant, "user_id": actor.user_id, "default_of": _DEFAULT_OF}
    rows = conn.execute(queries["seen"], keys).mappings()
    return [SavedView(**{**row, "parameters": strict_json.loads(row["parameters"])}) for row in rows]


def save(conn: Connection, actor: Actor, *, page: str, name: str, parameters: Parameters, shared: bool = False) -> UUID:
    """Keep these parameters of the page as a view of the actor's; sharing it needs manage, and is audited.

    Raises InvalidInput naming the field, Conflict for a name that is taken or when there are too many views.
    """
    actor.require("manage" if shared else "read", acts.ViewShared)
    name = _checked_name(name)
    row = {"page": page, "name": name, "folded_name": _folded(name), "is_shared": shared}
    row["parameters"] = _checked_parameters(parameters)
    _make_room(conn, actor, own=1, shared=int(shared))
    keys = {"tenant": actor.tenant, "user_id": actor.user_id}
    view_id: UUID = conn.execute(queries["add"], {**keys, **row}).scalar_one()
    if shared:
        audit.record(conn, actor, acts.ViewShared(target_id=view_id, name=name, page=page))
    return view_id


def change(
    conn: Connection,
    actor: Actor,
    *,
    view_id: UUID,
    name: str | None = None,
    shared: bool | None = None,
    parameters: Parameters | None = None,
    expected: SavedView | None = None,
) -> None:
    """Change what is given of a view of one's own. What others see, or would, needs manage, and is audited.

    `expected` is the view as it was looked at, None for whatever it is. Raises NotFound, InvalidInput naming the field,
    Conflict for a name that is taken, when too many are shared, or when the view is another than expected.
    """
    view = _one(conn, actor, view_id)
    if expected is not None and _own_words(view) != (expected.name, expected.is_shared, expected.parameters):
        raise ChangedMeanwhile(f"The view {view.name}")
    shares = view.is_shared if shared is None else shared
    act = acts.ViewChanged if shares == view.is_shared else acts.ViewShared if shares else acts.ViewWithdrawn
    if not view.is_own:
        owner = view.owner_name or "whoever made it"
        raise actor.denied("manage", f"Only {owner} can change this view. Save one of your own.", act, on=view_id)
    actor.require("manage" if view.is_shared or shares else "read", act, on=view_id)
    if shares and not view.is_shared:
        _make_room(conn, actor, shared=1)
    new_name = view.name if name is None else _checked_name(name)
    row = {
        "tenant": actor.tenant,
        "view_id": view_id,
        "name": new_name,
        "folded_name": _folded(new_name),
        "parameters": None if parameters is None else _checked_parameters(parameters),
        "is_shared": shares,
    }
    conn.execute(queries["change"], row)
    if view.is_shared or shares:
        renamed = {"previous_name": view.name} if act is acts.ViewChanged else {}
        audit.record(conn, actor, act(target_id=view_id, name=new_name, page=view.page, **renamed))


def delete(conn: Connection, actor: Actor, *, view_id: UUID) -> None:
    """Forget a view of one's own; that of somebody else needs admin. Of a shared one it is audited. Raises NotFound."""
    view = _one(conn, actor, view_id)
    actor.require(right_to_delete(view.is_own, view.is_shared), acts.ViewDeleted, on=view_id)
    conn.execute(queries["delete"], {"tenant": actor.tenant, "view_id": view_id})
    if view.is_shared:
        audit.record(conn, actor, acts.ViewDeleted(target_id=view_id, name=view.name, page=view.page))


def right_to_delete(is_own: bool, is_shared: bool) -> Right:
    """What deleting such a view needs."""
    if not is_own:
        return "admin"
    return "manage" if is_shared else "read"


def set_default(conn: Connection, actor: Actor, *, view_id: UUID, is_default: bool) -> None:
    """Have the view open its page for the actor from now on, or no longer. Raises NotFound."""
    view = _one(conn, actor, view_id)
    name = f"{_DEFAULT_OF}{view.page}"
    if is_default:
        preferences.put(conn, actor, name=name, value=str(view_id))
    elif preferences.get(conn, actor, name=name) == str(view_id):
        preferences.put(conn, actor, name=name, value=None)


def _one(conn: Connection, actor: Actor, view_id: UUID) -> Any:
    """The view, if the actor sees it. One of another tenant or person reads like one that is not there."""
    keys = {"tenant": actor.tenant, "user_id": actor.user_id, "view_id": view_id}
    row = conn.execute(queries["one"], keys).one_or_none()
    if row is None:
        raise NotFound("There is no such view; it may have been deleted meanwhile.")
    return row


def _own_words(row: Any) -> tuple[str, bool, Parameters]:
    """What its owner says of a view."""
    return row.name, row.is_shared, strict_json.loads(row.parameters)


def _make_room(conn: Connection, actor: Actor, *, own: int = 0, shared: int = 0) -> None:
    """Raise Conflict unless so many more views are within the bounds. Whoever else adds one waits until then."""
    conn.execute(queries["take_turns"], {"tenant": actor.tenant, "lock": advisory_locks.SAVED_VIEWS})
    found = conn.execute(queries["how_many"], {"tenant": actor.tenant, "user_id": actor.user_id}).one()
    if own and found.own + own > MOST_OWN:
        raise Conflict(f"You have {MOST_OWN} views already, the most that a person may have. Delete one first.")
    if shared and found.shared + shared > MOST_SHARED:
        raise Conflict(f"This tenant shares {MOST_SHARED} views already, the most that it may. Keep this one private.")


def _checked_name(name: str) -> str:
    return naming.checked(unicodedata.normalize("NFC", name), longest=LONGEST_NAME)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _checked_parameters(parameters: Parameters) -> str:
    if not parameters:
        raise InvalidInput("filters", "must not be empty: a view without any is the page itself")
    value = {name: list(values) for name, values in parameters.items()}
    strict_json.check(value, field="filters", max_bytes=_MOST_BYTES)
    return strict_json.dumps(value)
