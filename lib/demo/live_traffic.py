"""Invented events that go on while the application runs, taken in as any sender's are.

They come at the pace that is asked for, and of each type as often as in the invented month. Their source says that
they are invented.
"""

from __future__ import annotations

import json
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import yaml

from lib import database
from lib.auth import actors
from lib.database import named_queries
from lib.demo import FOLDER, templates
from lib.events import ingestion

#: The source of every such event.
SOURCE = "demo"
#: A pause longer than this is not made up for, such as that of a computer that slept.
_MOST_SECONDS = 10.0
#: So many things are under way at a time; an event is of one of them, or begins another.
_THINGS = 40
_NEW_THING = 0.4

queries = named_queries.of(__name__)


class LiveTraffic:
    """The invented events of this process; `send` is called again and again."""

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._clock = clock
        self._then = clock()
        self._templates: dict[str, templates.PayloadTemplate] = {}
        self._things: deque[str] = deque(maxlen=_THINGS)
        traffic = yaml.safe_load((FOLDER / "traffic.yaml").read_text(encoding="utf-8"))
        self._weights: dict[str, dict[str, float]] = {
            name: tenant["events"] for name, tenant in traffic["tenants"].items()
        }

    def send(self) -> None:
        """Take in as many events as are due since the last call, each in a transaction of its own."""
        now = self._clock()
        due, self._then = min(now - self._then, _MOST_SECONDS) * self._per_second, now
        for _ in range(int(due) + (random.random() < due % 1)):
            self._send_one()

    def _send_one(self) -> None:
        with database.operate() as conn:
            tenants = {row.name: row.tenant for row in conn.execute(queries["tenants"]) if row.name in self._weights}
            if not tenants:
                return
            name = _one_of({name: sum(self._weights[name].values()) for name in tenants})
            event_type = _one_of(self._weights[name])
            if event_type not in self._templates:
                entry = conn.execute(queries["entry"], {"event_type": event_type}).mappings().one()
                self._templates[event_type] = templates.template(dict(entry))
        actor = actors.engine(tenants[name])
        payload = self._payload(self._templates[event_type], actor.tenant)
        with database.write(actor) as conn:
            ingestion.submit_event(conn, actor, event_type=event_type, payload=payload, source=SOURCE, is_ours=True)

    def _payload(self, template: templates.PayloadTemplate, tenant: UUID) -> Any:
        """The type's example with its ids and times filled in anew."""
        ids = [str(uuid4()) for _ in range(template.ids)]
        if template.correlation is not None:
            ids[template.correlation] = self._thing()
        payload, _ = template.fill(ids, templates.timestamp(datetime.now(UTC)), str(tenant))
        return json.loads(payload)

    def _thing(self) -> str:
        """The id of what an event is about, so that events of one thing meet."""
        if not self._things or random.random() < _NEW_THING:
            self._things.append(str(uuid4()))
        return random.choice(self._things)


def _one_of(weights: Mapping[str, float]) -> str:
    """A name, each as often as it weighs."""
    return random.choices(list(weights), list(weights.values()))[0]
