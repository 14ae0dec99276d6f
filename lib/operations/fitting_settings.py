"""What settings must be like for a process to start, whatever the database is like.

A start stops at the first that does not fit; `python -m lib.doctor` prints all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lib.auth import members, proxy_tokens, sign_in_settings
from lib.database.checks import Check
from lib.errors import ConfigurationError
from lib.operations import upkeep
from lib.settings import Settings
from lib.telemetry import traces


def examine(settings: Settings, *, serves: bool, executes: bool) -> Iterator[Check]:
    """What must hold in a process that serves people, or executes runs, or does both. It changes nothing."""

    def check(name: str, found: object, by: Callable[[Settings], None]) -> Check:
        problem = None
        try:
            by(settings)
        except ConfigurationError as error:
            problem = str(error)
        return Check(name, str(found or "none"), problem)

    if serves:
        yield check("sign-in", settings.auth, sign_in_settings.check)
        yield check("first admin", settings.first_admin, members.check_first_admin)
    if serves and settings.auth == "proxy":
        yield check("key file of the proxy", settings.proxy_key_file, proxy_tokens.check_key_file)
    if executes:
        yield check("file of audit checkpoints", settings.audit_checkpoint_file, upkeep.check)
    yield check("traces", settings.otel_exporter_otlp_endpoint and "on", traces.check)  # it may have a password
