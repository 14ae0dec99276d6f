"""How each state looks, wherever it is shown: one word, one colour, one icon.

`lib` says which states there are; each is looked up here in the table of its kind. A state that has no look yet gets
a neutral one, so a new state is complete as soon as `lib` knows it:

- a new status of a catalog entry is one more value of `lib.catalog.entries.EntryStatus`. The database keeps the status
  as text. The API's description, the filter and the table here take their list from there;
- a new reason for a skip is one more reason in `lib.events.matching`.

A look of its own is then one line here. `tests/unit/components/test_statuses.py` holds that each state of `lib` has
one, and that no other module of `lib.ui` keeps a table of looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lib.catalog.entries import ENTRY_STATUSES
from lib.catalog.schema_registry import SCHEMA_KINDS
from lib.events.activity import EVENT_FATES

Color = Literal["gray", "blue", "green", "orange", "red", "violet"]

#: The colours in charts. Each stands out from a light and from a dark page as a shape, by 3 to 1. No colour can do so
#: by the 4.5 to 1 that text needs on both pages: text takes the colour's name, and Streamlit knows the page.
HEX: dict[Color, str] = {
    "gray": "#848ea3",
    "blue": "#3b82f6",
    "green": "#2b9d66",
    "orange": "#c97a12",
    "red": "#e5484d",
    "violet": "#8b6cf0",
}
# From these shares of successful runs on, a rate is green, or orange rather than red.
_GOOD, _POOR = 0.95, 0.8


@dataclass(frozen=True)
class Look:
    """How one state looks."""

    word: str
    color: Color
    icon: str

    @property
    def hex(self) -> str:
        """The colour in a chart."""
        return HEX[self.color]

    @property
    def material(self) -> str:
        """The icon as widgets take it."""
        return f":material/{self.icon}:"

    @property
    def mark(self) -> str:
        """The icon in its colour, to begin a sentence with."""
        return f":{self.color}[{self.material}]"

    def badge(self, words: str = "") -> str:
        """The state as an inline Markdown badge, in other words than its own if given."""
        return f":{self.color}-badge[{self.material} {words or self.word}]"

    def text(self, words: str) -> str:
        """Words in the colour of the state, after its icon."""
        return f":{self.color}[{self.material} {words}]"


class Looks(dict[str, Look]):
    """The looks of one kind of state, by the state's name in `lib`, in the order in which people choose from them."""

    @classmethod
    def of(cls, states: Iterable[str], **looks: Look) -> Looks:
        """The looks of all these states, in their order; neutral where none is given."""
        given = cls(looks)
        return cls({state: given[state] for state in states} | looks)

    def __missing__(self, state: str) -> Look:
        return Look(state.replace("_", " ").capitalize(), "gray", "radio_button_unchecked")

    @property
    def by_word(self) -> dict[str, Look]:
        """The looks by the words that people read, as charts and tables want them."""
        return {look.word: look for look in self.values()}


#: What came of an event. Blue, not green: who cannot tell red from green can tell errors from the rest.
EVENT = Looks(
    matched=Look("Matched", "blue", "check_circle"),
    unmatched=Look("Unmatched", "gray", "block"),
    error=Look("Error", "red", "error"),
)
#: The same in a list, where most unmatched events had no workflow: only one that some workflow skipped stands out.
FATE = Looks.of(
    EVENT_FATES,
    matched=EVENT["matched"],
    skipped=replace(EVENT["unmatched"], color="orange"),
    no_workflow=replace(EVENT["unmatched"], word="No workflow"),
    error=EVENT["error"],
)
#: Where an event, and so a run, comes from.
ORIGIN = Looks(
    live=Look("Live", "gray", "bolt"),
    simulated=Look("Simulated", "violet", "science"),
    replay=Look("Replay", "blue", "replay"),
)
#: Where an act in the audit trail comes from.
ACT_ORIGIN = Looks(
    page=Look("Page", "blue", "web"),
    api=Look("API", "violet", "api"),
    command=Look("Command", "orange", "terminal"),
    engine=Look("Engine", "gray", "settings"),
)
#: Whether an event's payload fits its schema.
VERDICT = Looks(
    valid=Look("Fits", "green", "verified"),
    invalid=Look("Violated", "red", "rule"),
    timed_out=Look("Timed out", "orange", "timer_off"),
    schema_error=Look("Broken schema", "orange", "warning"),
    unknown=Look("Unknown", "orange", "help"),
    missing=Look("None", "gray", "block"),
)
#: What an event did to one candidate workflow.
OUTCOME = Looks(
    started=Look("Started", "green", "play_circle"),
    resumed=Look("Resumed", "green", "resume"),
    skipped=Look("Skipped", "orange", "block"),
    failed=Look("Failed", "red", "error"),
)
#: The same before it is sent.
PREVIEW = Looks(
    started=replace(OUTCOME["started"], word="Would start"),
    resumed=replace(OUTCOME["resumed"], word="Would resume"),
    skipped=replace(OUTCOME["skipped"], word="Would skip"),
    failed=replace(OUTCOME["failed"], word="Would fail"),
)
_RUNNING = Look("Running", "blue", "progress_activity")
_WAITING = Look("Waiting", "violet", "hourglass_top")
_SUCCEEDED = Look("Succeeded", "green", "check_circle")
_FAILED = Look("Failed", "red", "error")
_CANCELED = Look("Canceled", "gray", "cancel")
_DRAFT = Look("Draft", "gray", "edit_note")
RUN = Looks(
    QUEUED=Look("Queued", "gray", "schedule"),
    RUNNING=_RUNNING,
    WAITING=_WAITING,
    SUCCEEDED=_SUCCEEDED,
    FAILED=_FAILED,
    CANCELED=_CANCELED,
)
STEP = Looks(
    RUNNING=_RUNNING,
    WAITING=_WAITING,
    SUCCEEDED=_SUCCEEDED,
    FAILED=_FAILED,
    SKIPPED=Look("Skipped", "gray", "redo"),
    CANCELED=_CANCELED,
)
WAIT = Looks(
    WAITING=_WAITING,
    RESUMED=Look("Resumed", "green", "resume"),
    TIMED_OUT=Look("Timed out", "orange", "timer_off"),
    CANCELED=_CANCELED,
)
#: What a step does in a dry run.
DRY_STEP = Looks(
    done=Look("Done", "green", "check_circle"),
    assumed=Look("Assumed done", "blue", "science"),
    failed=_FAILED,
)
WORKFLOW = Looks(
    published=Look("Published", "green", "rocket_launch"),
    draft=_DRAFT,
    archived=Look("Archived", "orange", "archive"),
)
#: What is said of a workflow beside its status.
PAUSED = Look("Paused", "orange", "pause")
UNPUBLISHED = Look("Unpublished changes", "blue", "edit")
BACKFILL = Looks(
    running=Look("Replaying", "blue", "progress_activity"),
    done=Look("Replayed", "green", "check_circle"),
    canceled=Look("Canceled", "orange", "cancel"),
)
ENTRY = Looks.of(
    ENTRY_STATUSES,
    active=Look("Active", "green", "check_circle"),
    beta=Look("Beta", "blue", "labs"),
    draft=_DRAFT,
    deprecated=Look("Deprecated", "orange", "history"),
)
#: Whether the system or the tenant defined an entry, or a workflow.
SOURCE = Looks(
    system=Look("System", "gray", "shield"),
    tenant=Look("Tenant", "violet", "domain"),
)
#: Whether an entry has a schema.
SCHEMA = Looks(
    known=Look("Schema", "gray", "data_object"),
    unknown=Look("Schema unknown", "orange", "help"),
    missing=Look("No schema", "gray", "block"),
)
#: Whose a schema in the registry is.
SCHEMA_KIND = Looks.of(SCHEMA_KINDS, **SOURCE, event=Look("Of one event", "blue", "bolt"))
#: How a schema stands to an earlier one.
COMPATIBILITY = Looks(
    FULL=Look("Full", "green", "verified"),
    BACKWARD=Look("Backward", "blue", "history"),
    FORWARD=Look("Forward", "orange", "update"),
    BREAKING=Look("Breaking", "red", "error"),
)
#: What is wrong with a definition or a mapping.
SEVERITY = Looks(
    error=Look("Error", "red", "error"),
    warning=Look("Warning", "orange", "warning"),
)
#: Whether an API token still opens anything.
TOKEN = Looks(
    valid=Look("Valid", "green", "check_circle"),
    expired=Look("Expired", "orange", "timer_off"),
    revoked=Look("Revoked", "gray", "block"),
)
#: How far a person or a token reaches.
PERMISSION = Looks(
    read=Look("Read", "gray", "visibility"),
    manage=Look("Manage", "blue", "edit"),
    admin=Look("Admin", "violet", "shield_person"),
    send=Look("Send events", "green", "send"),
)
TEST_CASE = Looks(
    passed=Look("Pass", "green", "check"),
    failed=Look("Fail", "red", "close"),
    not_run=Look("Not run", "gray", "radio_button_unchecked"),
)
HEALTH = Looks(
    Operational=Look("Operational", "green", "check_circle"),
    Degraded=Look("Degraded", "orange", "warning"),
    Down=Look("Down", "red", "error"),
)


def run_counts(runs: Mapping[str, int]) -> dict[str, Color]:
    """How many of an event's runs have which status, "2 succeeded" and the like, each with its colour."""
    return {f"{runs[state]:,} {look.word.lower()}": look.color for state, look in RUN.items() if runs.get(state)}


def rate_color(share: float) -> Color:
    """The colour of a share of successful runs."""
    return "green" if share >= _GOOD else "orange" if share >= _POOR else "red"
