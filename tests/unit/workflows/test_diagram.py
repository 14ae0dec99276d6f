"""What the diagram of a definition holds: each step once, what follows what, and what is marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.steps import each_step
from lib.ui.components import diagram, statuses
from lib.ui.components.diagram import Diagram, DiagramLane, DiagramNode, Marks, NodeMark


def log(step_id: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "action.call", "config": {"action": "log.write", "input": {"message": "hi"}}, **more}


def choice(then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    return {
        "id": "if",
        "type": "control.if",
        "config": {"condition": {"$expr": "payload.late"}, "then": then, "else": otherwise},
    }


def loop(steps: list[Any]) -> dict[str, Any]:
    return {"id": "each", "type": "control.forEach", "config": {"items": {"$expr": "payload.tags"}, "steps": steps}}


END = {"id": "back", "type": "control.return", "config": {"output": 1}}


def of(*steps: Any, marks: Marks | None = None) -> Diagram:
    return diagram.of({"trigger": {"eventName": "MADE"}, "steps": list(steps)}, marks or Marks())


def nodes(some: tuple[DiagramNode, ...]) -> Iterator[DiagramNode]:
    for node in some:
        yield node
        for lane in node.lanes:
            yield from nodes(lane.nodes)


def named(found: Diagram) -> dict[int, str]:
    """What each end of an edge is called: a node by its title, words by themselves."""

    def lanes(some: tuple[DiagramLane, ...]) -> Iterator[tuple[int, str]]:
        for lane in some:
            for words in (lane.before, lane.again):
                if words:
                    yield words.id, words.words

    names = {node.id: node.title for node in nodes(found.nodes)}
    for node in nodes(found.nodes):
        names |= dict(lanes(node.lanes)) | ({node.way_out.id: node.way_out.words} if node.way_out else {})
    return names


def edges(found: Diagram) -> list[tuple[str, str]]:
    names = named(found)
    return [(names[one], names[other]) for one, other in found.edges]


def test_steps_follow_the_trigger_and_each_other_to_the_end() -> None:
    found = of(log("a", name="First"), {"id": "w", "type": "time.wait", "config": {"seconds": 60}})
    assert edges(found) == [("MADE", "First"), ("First", "Wait"), ("Wait", "End")]
    assert [(node.path, node.shape) for node in found.nodes] == [
        ("/trigger", "trigger"),
        ("/steps/0", "step"),
        ("/steps/1", "wait"),
        ("", "end"),
    ]
    assert found.nodes[1].below == "hi" and found.nodes[2].below == "60 s"


def test_both_branches_lead_on_an_empty_one_too_and_one_that_returns_does_not() -> None:
    assert edges(of(choice([log("a", name="A")], []), log("b", name="B"))) == [
        ("MADE", "If"),
        ("If", "yes"),
        ("yes", "A"),
        ("If", "no"),
        ("A", "B"),
        ("no", "B"),
        ("B", "End"),
    ]
    assert edges(of(choice([END], [log("a", name="A")])))[-1] == ("A", "End")
    assert "End" not in named(of(choice([END], [END]))).values()


def test_a_loop_goes_round_and_is_left_by_its_way_out() -> None:
    found = of(loop([log("a", name="A")]))
    assert edges(found) == [("MADE", "For each"), ("For each", "each"), ("each", "A"), ("A", "next"), ("done", "End")]
    assert of(loop([])).nodes[1].lanes[0].again is not None


def test_a_node_has_the_state_of_its_step_and_what_is_wrong_with_it() -> None:
    wrong = {
        path: NodeMark.of(statuses.SEVERITY["error"], "2 errors") for path in ("/trigger", "/steps/0/config/then/0")
    }
    found = of(choice([log("a")], []), marks=Marks(wrong, {"if": "SUCCEEDED"}))
    inner = found.nodes[1].lanes[0].nodes[0]
    assert [mark.words for mark in found.nodes[0].marks] == [mark.words for mark in inner.marks] == ["2 errors"]
    assert inner.path == "/steps/0/config/then/0" and inner.color is None
    assert [mark.words for mark in found.nodes[1].marks] == ["Succeeded"] and found.nodes[1].color == "green"


def test_what_has_no_steps_or_no_trigger_says_so() -> None:
    found = diagram.of({}, Marks())
    assert [(node.title, node.shape) for node in found.nodes] == [("No trigger", "empty"), ("No steps yet", "empty")]


def test_a_long_workflow_says_how_many_more_there_are() -> None:
    found = of(*(log(f"s{number}") for number in range(300)))
    assert len(found.paths) == 120 and found.nodes[-2].title == "181 more" and found.nodes[-1].title == "End"


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["eventName", "id", "name", "a"]), inner, max_size=3)
        | st.fixed_dictionaries(
            {
                "id": st.text(max_size=3),
                "type": st.sampled_from(["control.if", "control.forEach", "action.call", "control.return", "x"]),
                "config": st.dictionaries(st.sampled_from(["then", "else", "steps", "input", "items"]), inner),
            }
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["trigger", "steps"]), JUNK))
def test_whatever_a_definition_holds_each_step_is_drawn_once_and_every_edge_has_two_ends(
    definition: dict[str, Any],
) -> None:
    found = diagram.of(definition, Marks())
    names, paths = named(found), [node.path for node in nodes(found.nodes) if node.path]
    assert sorted(paths) == sorted(found.paths) == sorted(set(paths))
    assert {path for path, _ in each_step(definition)} == set(paths) - {"/trigger"}
    assert all(one in names and other in names for one, other in found.edges)


@pytest.mark.parametrize("path", ["/trigger", "/steps/0", "/steps/0/config/then/12"])
def test_the_place_of_a_node_is_a_key_that_a_class_can_have(path: str) -> None:
    key = diagram.place_key(path)
    assert key.replace("-", "").isalnum()
