"""How the states of runs, steps and waits look."""

from __future__ import annotations

_LOOKS = {
    "QUEUED": ("gray", "schedule"),
    "RUNNING": ("blue", "progress_activity"),
    "WAITING": ("violet", "hourglass_top"),
    "SUCCEEDED": ("green", "check_circle"),
    "FAILED": ("red", "error"),
    "CANCELED": ("gray", "cancel"),
    "SKIPPED": ("gray", "redo"),
    "RESUMED": ("green", "resume"),
    "TIMED_OUT": ("orange", "timer_off"),
}
STATUSES = ("QUEUED", "RUNNING", "WAITING", "SUCCEEDED", "FAILED", "CANCELED")
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})

#: The same colours for charts and tables; they read on light and dark alike.
COLORS = {
    "QUEUED": "#94a3b8",
    "RUNNING": "#3b82f6",
    "WAITING": "#a78bfa",
    "SUCCEEDED": "#22c55e",
    "FAILED": "#ef4444",
    "CANCELED": "#94a3b8",
    "SKIPPED": "#94a3b8",
}


def words(status: str) -> str:
    """SUCCEEDED → Succeeded, TIMED_OUT → Timed out."""
    return status.replace("_", " ").capitalize()


def badge(status: str) -> str:
    """The status as an inline Markdown badge."""
    color, icon = _LOOKS[status]
    return f":{color}-badge[:material/{icon}: {words(status)}]"


#: Colours of the states of runs by their words, as tables want them.
BY_WORDS = {words(status): COLORS[status] for status in STATUSES}
