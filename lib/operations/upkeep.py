"""The periodic chores: counts, payloads to search, backfills, partitions, retention, checkpoints of the audit trail.

A process that executes runs does them too; each chore is done by one process at a time.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial

from lib import database
from lib.auth import audit_chain, downloads
from lib.catalog import entries, own_entries
from lib.demo.live_traffic import LiveTraffic
from lib.errors import ConfigurationError, DatabaseUnavailable, InvalidInput
from lib.events import search as payload_search
from lib.events import unknown_events
from lib.metrics import reconciliation, rollups
from lib.operations import retention
from lib.runs.chores import Chore, Chores
from lib.settings import Settings
from lib.workflows import backfill

log = logging.getLogger(__name__)

_PASS_SECONDS = 2.0
_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


class Upkeep(Chores):
    """The chores of one process."""

    def __init__(self, settings: Settings, *, seconds: float = _PASS_SECONDS) -> None:
        self._settings = settings
        chores = [
            Chore("folding counts", _fold),
            Chore("payloads to search", _index_payloads),
            Chore("backfills", self._backfill),
            Chore("export links", _forget_downloads, every=_MINUTE),
            Chore("partitions", _make_partitions, every=_HOUR),
            *self._retention(),
            Chore("deleted events", _remove_deleted_events, every=_HOUR),
            Chore("unknown events", _forget_unknown_events, every=_HOUR),
            Chore("comparing counts", _reconcile, every=_HOUR, first=60),
            Chore("audit checkpoint", self._checkpoint, every=_DAY, first=60),
        ]
        if settings.embedded and settings.demo and settings.demo_events_per_minute:
            demo = LiveTraffic(settings.demo_events_per_minute)
            chores.append(Chore("demo traffic", demo.send))
        super().__init__("upkeep", chores, seconds=seconds)

    def _backfill(self) -> None:
        with database.operate() as conn:
            running = backfill.under_way(conn)
        for backfill_id, actor in running:
            one = f"backfill {backfill_id}"
            try:
                with database.write(actor) as conn:
                    backfill.advance(conn, actor, backfill_id=backfill_id)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # one that cannot go on keeps none of the others from going on
                self.failed(one, error)
            else:
                self.went_well(one)

    def _retention(self) -> list[Chore]:
        """What is dropped by its age, if anything is: first the events, then what refers to them."""
        days = self._settings.retention_days
        if days is None:
            return []
        kept = retention.Kept(days, self._settings.retention_error_days or days)
        return [
            Chore("old events", partial(_drop_events, kept), every=_HOUR),
            Chore("old runs", partial(_drop_runs, kept), every=_MINUTE),
            Chore("old submissions", _forget_submissions, every=_MINUTE),
        ]

    def _checkpoint(self) -> None:
        with database.operate() as conn:
            checkpoints = audit_chain.checkpoint(conn)
        for one in checkpoints:
            log.info("Audit checkpoint %s", one)
        if self._settings.audit_checkpoint_file:
            audit_chain.append_to(self._settings.audit_checkpoint_file, checkpoints)


# Events come in all the time. What came during a fold waits for the next one: whoever is at it keeps others from it.
def _fold() -> bool:
    with database.operate() as conn:
        return rollups.fold(conn) >= rollups.MOST_A_FOLD


def _index_payloads() -> bool:
    with database.operate() as conn:
        return payload_search.index(conn) >= payload_search.EVENTS_AT_ONCE


def _make_partitions() -> None:
    with database.operate() as conn:
        rollups.make_partitions(conn)


def _drop_events(kept: retention.Kept) -> int:
    with database.operate() as conn:
        dropped = retention.drop_events(conn, kept)
    if dropped:
        log.info("Dropped a month of events that are older than %d days.", kept.days)
    return dropped


def _drop_runs(kept: retention.Kept) -> int:
    with database.operate() as conn:
        return retention.drop_runs(conn, kept)


def _forget_submissions() -> int:
    with database.operate() as conn:
        return retention.forget_submissions(conn)


def _remove_deleted_events() -> None:
    with database.operate() as conn:
        removed = own_entries.remove_deleted(conn, before=datetime.now(UTC) - entries.DELETED_FOR)
    if removed:
        log.info("Removed %d events that were deleted more than %d days ago.", removed, entries.DELETED_FOR.days)


def _forget_unknown_events() -> None:
    with database.operate() as conn:
        unknown_events.forget(conn)


def _forget_downloads() -> None:
    with database.operate() as conn:
        downloads.forget_ended(conn)


def _reconcile() -> None:
    with database.operate() as conn:
        reconciliation.reconcile_hourly(conn, now=datetime.now(UTC))


_running: Upkeep | None = None


def check(settings: Settings) -> None:
    """Raise ConfigurationError when AUDIT_CHECKPOINT_FILE cannot be written; by the first night nobody may look."""
    if settings.audit_checkpoint_file:
        try:
            audit_chain.check_appendable(settings.audit_checkpoint_file)
        except InvalidInput as error:
            raise ConfigurationError(f"AUDIT_CHECKPOINT_FILE: {error.cause}.") from None


def start(settings: Settings) -> None:
    """Begin the chores of this process; after database.start()."""
    global _running
    _running = Upkeep(settings)
    _running.start()


def stop() -> None:
    """End them, if they run; before database.stop()."""
    global _running
    if _running is not None:
        _running.stop()
        _running = None
