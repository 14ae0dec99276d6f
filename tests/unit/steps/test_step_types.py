"""Every step type tells all of itself in one place, and nothing else knows its name."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib import sandbox
from lib.steps import STEP_TYPES, RunFacts, StepType, check_definition, offers, run_definition
from lib.steps.action_call import ACTIONS
from lib.steps.execution import RunInterrupted
from tests.unit.steps.test_steps import MemoryJournal

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [ROOT / "app.py", *(p for folder in ("lib", "pages", "queries") for p in (ROOT / folder).rglob("*"))]
#: Where a name may stand besides its own file: data, not code.
DEMO = ROOT / "lib" / "demo" / "workflows.yaml"

KINDS = pytest.mark.parametrize("kind", STEP_TYPES.values(), ids=lambda kind: kind.type)


def _files_naming(name: str) -> set[Path]:
    """Files of the product in which the name stands for itself, and not as part of a longer one."""
    whole = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.]*\w)")
    texts = [p for p in SOURCES if p.suffix in (".py", ".sql", ".yaml", ".json", ".js") and p != DEMO]
    return {path for path in texts if whole.search(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", [*STEP_TYPES, *ACTIONS])
def test_a_step_type_or_action_is_named_in_its_own_file_alone(name: str) -> None:
    (own,) = _files_naming(name)
    assert own.parent == ROOT / "lib" / "steps" and own.name not in ("registry.py", "checking.py", "interpreter.py")


@KINDS
def test_the_facts_of_a_type_agree_with_each_other(kind: StepType) -> None:
    assert re.fullmatch(r"[a-z]{2,12}", kind.id_stem)
    assert kind.starter.keys() <= set(kind.fields)
    assert {*kind.children, *kind.event_fields, *kind.needs} <= set(kind.fields)
    assert bool(kind.lists) == (kind.flow in ("choice", "loop"))
    assert not [key for key in kind.children if kind.starter.get(key) != []]
    assert kind.waits_at_most(kind.starter) is None or kind.effect == "wait"


def test_types_are_told_apart_by_name_label_and_stem() -> None:
    kinds = STEP_TYPES.values()
    assert all(name == kind.type for name, kind in STEP_TYPES.items())
    for fact in ("label", "icon", "id_stem"):
        assert len({getattr(kind, fact) for kind in kinds}) == len(kinds), fact


@KINDS
@pytest.mark.parametrize("config", [{}, {"action": 1, "input": 2}, {"assign": [], "itemName": {}, "seconds": "x"}])
def test_facts_can_be_asked_of_a_configuration_that_is_wrong(kind: StepType, config: dict[str, Any]) -> None:
    assert kind.refusal(config) is None
    assert all(isinstance(name, tuple) for name in kind.sets(config))
    assert all(isinstance(name, str) for name in kind.names(config))
    assert isinstance(kind.output(config), dict | None)
    assert isinstance(kind.waits_at_most(config), float | None)
    assert isinstance(kind.does(config), str | None) and kind.offer_of(config).label == kind.label


def test_menus_offer_each_action_in_place_of_the_type_that_calls_it() -> None:
    found = offers()
    assert list(found)[: len(ACTIONS)] == list(ACTIONS) and "action.call" not in found
    assert [offer.label for _, offer in found.values()][:2] == ["Write log", "HTTP request"]
    for name, (kind, offer) in found.items():
        assert offer.name == name and kind.offer_of(offer.starter) == offer
        assert re.fullmatch(r"[a-z]{2,12}", offer.id_stem) and offer.fixed.items() <= offer.starter.items()
    for fact in ("label", "icon", "id_stem"):
        assert len({getattr(offer, fact) for _, offer in found.values()}) == len(found), fact


@pytest.mark.parametrize(
    ("step_type", "config", "said"),
    [
        ("action.call", {"action": "log.write", "input": {"message": "A new ticket"}}, "A new ticket"),
        ("action.call", {"action": "log.write", "input": {"message": {"$expr": "payload.id"}}}, "payload.id"),
        (
            "action.call",
            {"action": "http.request", "input": {"method": "PUT", "url": "https://a.b"}},
            "PUT https://a.b",
        ),
        ("action.call", {"action": "http.request", "input": {"url": "https://a.b"}}, "GET https://a.b"),
        ("action.call", {"action": "http.request", "input": {"url": ""}}, None),
        ("transform.assign", {"assign": {"vars.a": 1, "vars.b": 2}}, "vars.a, vars.b"),
        ("control.if", {"condition": {"$expr": "payload.urgent"}}, "payload.urgent"),
        ("control.forEach", {"items": {"$expr": "payload.tags"}}, "payload.tags"),
        ("control.return", {"output": {"a": 1}}, '{"a":1}'),
        ("event.wait", {"eventName": "TICKET_CLOSED"}, "TICKET_CLOSED"),
        ("time.wait", {"seconds": 60}, "60 s"),
        ("time.wait", {"until": {"$expr": "payload.due"}}, "payload.due"),
    ],
)
def test_a_step_says_in_a_few_words_what_it_does(step_type: str, config: dict[str, Any], said: str | None) -> None:
    assert STEP_TYPES[step_type].does(config) == said


@KINDS
def test_what_a_step_gives_is_what_its_type_says(kind: StepType) -> None:
    config: dict[str, Any] = {**kind.starter}
    if kind.event_fields:
        config |= dict.fromkeys(kind.event_fields, "SOMETHING_HAPPENED")
    sandbox.start()
    definition = {"steps": [{"id": "one", "type": kind.type, "config": config}]}
    assert check_definition(definition) == []
    journal = MemoryJournal()
    facts = RunFacts("run", {}, {"correlationKey": "k"})
    with suppress(RunInterrupted):  # a step that waits: the second turn goes on after it
        run_definition(definition, facts, journal)
    if "one" not in journal.ended:
        run_definition(definition, facts, journal)
    schema = kind.output(config)
    assert bool(journal.waits) == (kind.effect == "wait")
    assert schema is None or list(Draft202012Validator(schema).iter_errors(journal.ended["one"].result)) == []
