"""What pages keep of the database between script runs, in the memory of this process (decision 0095).

No longer than a second, so that what another process changes shows on all within that. What is the same for everybody
in a tenant is kept once for all of them, by BY_TENANT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lib.auth.actors import Actor

SECONDS = 1.0
BY_TENANT: dict[str | type[Any], Callable[[Any], Any]] = {Actor: lambda actor: actor.tenant}
BY_PERSON: dict[str | type[Any], Callable[[Any], Any]] = {Actor: lambda actor: (actor.tenant, actor.user_id)}
