"""The command for a shell says the event exactly, whatever its payload holds."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.events.simulation import EventDraft
from lib.serialization import strict_json
from lib.ui.simulate.curl import command
from tests.support.waiting import PATIENCE

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def arguments(said: str) -> list[str]:
    """The arguments that a shell gives to curl, which is printf here."""
    script = said.replace("curl ", "printf '%s\\0' ", 1)
    shell = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, check=True, env={"TOKEN": "secret"}, timeout=PATIENCE
    )
    return shell.stdout.decode().split("\0")[:-1]


@given(VALUES, st.none() | TEXTS)
def test_a_shell_hands_over_the_event_as_it_is(payload: object, key: str | None) -> None:
    draft = EventDraft("TICKET_CREATED", payload, key)  # type: ignore[arg-type]
    *_, body = given_to = arguments(command(draft, origin="https://catalog.example"))
    assert given_to[:-1] == [
        *("-X", "POST", "https://catalog.example/api/v2/events"),
        *("-H", "Authorization: Bearer secret", "-H", "Content-Type: application/cloudevents+json", "-d"),
    ]
    sent = strict_json.loads(body)
    assert isinstance(sent, dict) and sent["data"] == payload and sent.get("correlationkey") == (key or None)


@pytest.mark.parametrize("hostile", ["'; touch /tmp/x; '", "$(touch x)", "`touch x`", "\\'", "\n'\n", "!!"])
def test_nothing_in_a_payload_is_run(hostile: str) -> None:
    *_, body = arguments(command(EventDraft("A", {"x": hostile}), origin="http://localhost"))
    assert strict_json.loads(body)["data"] == {"x": hostile}  # type: ignore[index, call-overload]
