"""Chores are done again and again, whatever one of them does, and end when they are told to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lib.errors import DatabaseUnavailable
from lib.runs import chores
from lib.runs.chores import Chore, Chores
from tests.support.waiting import PATIENCE


class Counted:
    """Work that counts itself, raises what it is told to, and lets a test wait for the next time."""

    def __init__(self, *errors: Exception | None, more: int = 0) -> None:
        self.times = 0
        self._errors = errors
        self._more = more
        self._done = threading.Condition()

    def __call__(self) -> bool:
        with self._done:
            self.times += 1
            self._done.notify_all()
        error = self._errors[self.times - 1] if self.times <= len(self._errors) else None
        if error:
            raise error
        return self.times <= self._more

    def reach(self, times: int) -> None:
        with self._done:
            assert self._done.wait_for(lambda: self.times >= times, PATIENCE), self.times


@contextmanager
def running(*some: Chore, kind: type[Chores] = Chores) -> Iterator[Chores]:
    one = kind("test chores", some, seconds=0.001)
    one.start()
    try:
        yield one
    finally:
        one.stop()
        assert not one.alive and threading.current_thread().name != "test chores"


def test_every_chore_is_done_in_every_pass_until_they_end() -> None:
    first, second = Counted(), Counted()
    with running(Chore("first", first), Chore("second", second)) as one:
        first.reach(3)
        second.reach(3)
        assert one.alive
    times = first.times
    assert not one.alive and "test chores" not in {thread.name for thread in threading.enumerate()}
    assert first.times == times


def test_a_chore_with_a_period_waits_for_it_and_for_its_first_time() -> None:
    often, hourly, later = Counted(), Counted(), Counted()
    with running(Chore("often", often), Chore("hourly", hourly, every=3600), Chore("later", later, first=3600)):
        often.reach(20)
    assert hourly.times == 1 and later.times == 0


def test_work_that_has_more_to_do_is_done_again_at_once() -> None:
    piled, other = Counted(more=50), Counted()
    with running(Chore("piled", piled, every=3600), Chore("other", other)):
        other.reach(1)
        assert piled.times == 51


def test_ending_breaks_off_work_that_never_ends() -> None:
    endless = Counted(more=10**9)
    with running(Chore("endless", endless)):
        endless.reach(100)


def test_work_that_never_ends_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "_LONGEST_TURN_SECONDS", 0.01)
    endless, other = Counted(more=10**9), Counted()
    with running(Chore("endless", endless, every=3600), Chore("other", other)):
        other.reach(3)
        times = endless.times
        endless.reach(times + 100)


def test_a_failure_is_logged_again_after_a_day(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chores, "_SAID_AGAIN_SECONDS", 0)
    broken = Counted(*[ValueError("one")] * 3)
    with running(Chore("broken", broken)):
        broken.reach(4)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 3


def test_a_failure_is_logged_once_until_it_changes_and_keeps_no_other_from_being_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger=chores.__name__)
    broken = Counted(*[ValueError("one")] * 3, *[ValueError("two")] * 2, None, ValueError("two"))
    other = Counted()
    with running(Chore("broken", broken), Chore("other", other)):
        broken.reach(9)
        other.reach(8)
    said = [(record.levelname, record.message.partition(", ")[2]) for record in caplog.records]
    failed, works = ("ERROR", "broken could not go on; trying again."), ("INFO", "broken works again.")
    assert said == [failed, failed, works, failed, works]
    assert caplog.records[0].exc_info and "one" in str(caplog.records[0].exc_info[1])


def test_without_a_database_the_session_is_opened_anew_and_what_was_due_stays_due(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sessions = Counted()

    class Held(Chores):
        @contextmanager
        def session(self) -> Iterator[Callable[[], bool]]:
            sessions()
            yield lambda: True

    hourly, after = Counted(DatabaseUnavailable(), DatabaseUnavailable()), Counted()
    with running(Chore("hourly", hourly, every=3600), Chore("after", after), kind=Held):
        after.reach(2)
    assert hourly.times == 3 and sessions.times == 3
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "test chores waits for the database. The database does not answer at the moment."
    ]


def test_chores_rest_while_their_session_says_so() -> None:
    asked, done, may = Counted(), Counted(), threading.Event()

    class Resting(Chores):
        @contextmanager
        def session(self) -> Iterator[Callable[[], bool]]:
            def may_go_on() -> bool:
                asked()
                return may.is_set()

            yield may_go_on

    with running(Chore("done", done), kind=Resting):
        asked.reach(5)
        assert done.times == 0
        may.set()
        done.reach(1)


def test_chores_whose_session_cannot_be_had_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "_START_SECONDS", 0.01)

    class Locked(Chores):
        @contextmanager
        def session(self) -> Iterator[Callable[[], bool]]:
            raise DatabaseUnavailable
            yield

    one = Locked("test chores", [], seconds=0.001)
    with pytest.raises(DatabaseUnavailable):
        one.start()
    one.stop()
    assert not one.alive
