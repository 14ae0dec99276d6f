"""What was done with single events and saved test cases."""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import Act


@dataclass(frozen=True, kw_only=True)
class EventSimulated(Act, action="event.simulated", target="event", sentence="simulated {event_type}"):
    """An event was sent by hand; the runs it started and resumed."""

    event_type: str
    status: str
    started: list[str]
    resumed: list[str]


@dataclass(frozen=True, kw_only=True)
class EventStartedAgain(
    Act, action="event.started_again", target="event", sentence="started again what {event_type} {target_id} could not"
):
    """The workflows that an event could not start when it came were tried again."""

    event_type: str


@dataclass(frozen=True, kw_only=True)
class PayloadRevealed(
    Act,
    action="event.payload_revealed",
    target="event",
    sentence="looked at the raw payload of event {target_id}: {reason}",
):
    """The payload was shown without redaction, for this reason."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseSaved(
    Act,
    action="test_case.saved",
    target="test_case",
    sentence="saved the test case {name} of {event_type}",
    after=("name",),
):
    """A payload was kept as a test case, perhaps in place of one of that name."""

    event_type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CaseDeleted(
    Act,
    action="test_case.deleted",
    target="test_case",
    sentence="deleted the test case {name} of {event_type}",
    before=("name",),
):
    """A test case was deleted."""

    event_type: str
    name: str
