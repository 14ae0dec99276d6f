"""Every step type tells all of itself in one place, and nothing else knows its name."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib import sandbox
from lib.steps import STEP_TYPES, RunFacts, StepType, check_definition, run_definition
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
