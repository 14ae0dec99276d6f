"""A workflow definition as a diagram: trigger, steps, branches and loops, each step a button where one may choose it.

`of` says what is drawn and which nodes follow each other; `diagram.html`, `.css` and `.js` beside this module draw it
from text alone. The script arranges the nodes as HTML and draws the lines between them, so words keep their size, and
colours are the theme's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import streamlit as st

from lib.steps import config_of, lists_in, type_of
from lib.steps.step_type import Shape, StepType
from lib.ui.components import guard, own_component, statuses
from lib.ui.components.statuses import Color
from lib.ui.components.text import one_line, shorten

#: The path of the trigger's node.
TRIGGER = "/trigger"
_LONGEST = 60
#: Steps that are drawn; beyond, a node says how many more there are.
_MOST_NODES = 120

_component = own_component.of(__file__, name="workflow_diagram")


@dataclass(frozen=True)
class NodeMark:
    """What stands in the corner of a node: a state of its step, or what is wrong with it."""

    words: str
    icon: str
    color: Color

    @classmethod
    def of(cls, look: statuses.Look, words: str = "") -> NodeMark:
        """The mark of a state, in other words than its own if given."""
        return cls(words or look.word, look.icon, look.color)


@dataclass(frozen=True)
class DiagramWords:
    """Words on a line between two nodes."""

    id: int
    words: str


@dataclass(frozen=True)
class DiagramLane:
    """A list of steps inside a step, with the words before it, and those after it where a loop goes round."""

    before: DiagramWords
    nodes: tuple[DiagramNode, ...]
    again: DiagramWords | None = None


@dataclass(frozen=True)
class DiagramNode:
    """One node. `path` is the JSON pointer of its step, and empty where there is nothing to choose.

    `way_out` stands where a loop is left, below what it repeats.
    """

    id: int
    title: str
    below: str = ""
    path: str = ""
    icon: str = ""
    shape: Shape | Literal["trigger", "empty", "end"] = "step"
    color: Color | None = None
    marks: tuple[NodeMark, ...] = ()
    lanes: tuple[DiagramLane, ...] = ()
    way_out: DiagramWords | None = None


@dataclass
class Diagram:
    """The nodes in their order, and what follows what: by their ids, a lane's or a loop's way out among them."""

    nodes: tuple[DiagramNode, ...] = ()
    edges: list[tuple[int, int]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    last: int = 0

    def next_id(self) -> int:
        self.last += 1
        return self.last

    def words(self, words: str, origins: list[int]) -> DiagramWords:
        """Words on the line that the open ends lead to."""
        made = DiagramWords(self.next_id(), words)
        self.join(origins, made.id)
        return made

    def join(self, origins: list[int], to: int) -> None:
        """An edge from each of the open ends."""
        self.edges += [(origin, to) for origin in origins]


@dataclass(frozen=True)
class Marks:
    """What is known of steps: of each path what is wrong there, of each step's id the status that it has in a run."""

    wrong: Mapping[str, NodeMark] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)

    def at(self, path: str, step_id: object = None) -> tuple[NodeMark, ...]:
        """The marks of a node."""
        state = self.states.get(str(step_id))
        found = [NodeMark.of(statuses.STEP[state])] if state else []
        return (*found, self.wrong[path]) if path in self.wrong else tuple(found)


def draw(
    definition: Mapping[str, Any],
    *,
    key: str,
    label: str,
    marks: Marks | None = None,
    selected: str | None = None,
    choose: Callable[[str], None] | None = None,
    read_only: bool = False,
) -> None:
    """Draw a definition. `choose` is given the path of a node that is pressed; without it nodes cannot be.

    What is chosen is shown in a container of `place_key`, with fields unless it is `read_only`.
    """
    diagram = of(definition, marks or Marks())

    def act() -> None:
        said = st.session_state[key].get("choose")
        if choose and isinstance(said, str) and said in diagram.paths:  # a browser may say anything
            choose(said)

    _component(
        key=key,
        data={
            "label": label,
            "nodes": [asdict(node) for node in diagram.nodes],
            "edges": diagram.edges,
            "selected": selected,
            "isReadOnly": read_only,
            # Of the container that shows what was chosen, the class.
            "places": {path: f"st-key-{place_key(path)}" for path in sorted(diagram.paths)} if choose else {},
        },
        on_choose_change=guard.callback(act),
    )


def place_key(path: str) -> str:
    """The key of the container in which the page shows what is at a path: a press scrolls there."""
    return f"place{path}".replace("/", "-")


def of(definition: Mapping[str, Any], marks: Marks) -> Diagram:
    """What is drawn of a definition, which may be malformed."""
    diagram, trigger, steps = Diagram(), definition.get("trigger"), definition.get("steps")
    event = trigger.get("eventName") if isinstance(trigger, Mapping) else None
    first = DiagramNode(
        diagram.next_id(),
        _words(event or "No trigger"),
        "Event" if event else "Nothing starts it",
        TRIGGER,
        "bolt",
        "trigger" if trigger else "empty",
        marks=marks.at(TRIGGER),
    )
    diagram.paths.add(TRIGGER)
    nodes, ends = _steps(diagram, steps if isinstance(steps, list) else [], "/steps", [first.id], marks)
    last = [DiagramNode(diagram.next_id(), "End", shape="end")] if ends and steps else []
    if not steps:
        last = [DiagramNode(diagram.next_id(), "No steps yet", shape="empty")]
    for one in last:
        diagram.join(ends, one.id)
    diagram.nodes = (first, *nodes, *last)
    return diagram


def _steps(
    diagram: Diagram, steps: list[Any], path: str, origins: list[int], marks: Marks
) -> tuple[tuple[DiagramNode, ...], list[int]]:
    """The nodes of a list of steps, joined to the given open ends; the open ends after its last."""
    nodes: list[DiagramNode] = []
    for index, step in enumerate(steps):
        if not isinstance(step, Mapping):
            continue
        if len(diagram.paths) >= _MOST_NODES:
            nodes.append(DiagramNode(diagram.next_id(), f"{len(steps) - index} more", shape="empty"))
            diagram.join(origins, nodes[-1].id)
            return tuple(nodes), [nodes[-1].id]
        node, ends = _step(diagram, step, f"{path}/{index}", origins, marks)
        nodes.append(node)
        origins = ends
    return tuple(nodes), origins


def _step(
    diagram: Diagram, step: Mapping[str, Any], path: str, origins: list[int], marks: Marks
) -> tuple[DiagramNode, list[int]]:
    """The node of a step with all inside it, and the open ends after it."""
    kind, config, number = type_of(step), config_of(step), diagram.next_id()
    diagram.paths.add(path)
    diagram.join(origins, number)
    offer = kind.offer_of(config) if kind else None
    label, name, does = offer.label if offer else str(step.get("type")), step.get("name"), kind and kind.does(config)
    lanes, ends = _lanes(diagram, kind, step, path, number, marks) if kind else ((), [number])
    way_out = diagram.words("done", []) if kind and kind.flow == "loop" else None
    state = marks.states.get(str(step.get("id")))
    node = DiagramNode(
        number,
        _words(name or label),
        _words(does or (label if name else step.get("id"))),
        path,
        offer.icon.removeprefix(":material/").removesuffix(":") if offer else "help",
        kind.shape if kind else "step",
        statuses.STEP[state].color if state else None,
        marks.at(path, step.get("id")),
        lanes,
        way_out,
    )
    return node, [way_out.id] if way_out else ends


def _lanes(
    diagram: Diagram, kind: StepType, step: Mapping[str, Any], path: str, number: int, marks: Marks
) -> tuple[tuple[DiagramLane, ...], list[int]]:
    """The lists inside a step, and the open ends after it: those of its branches, or its own."""
    lanes: list[DiagramLane] = []
    open_ends: list[int] = []
    lists = lists_in(step)
    for one in kind.lists:
        before = diagram.words(one.edge, [number])
        nodes, ends = _steps(diagram, lists[one.key], f"{path}/config/{one.key}", [before.id], marks)
        again = diagram.words("next", ends) if kind.flow == "loop" else None
        lanes.append(DiagramLane(before, nodes, again))
        open_ends += ends
    if kind.flow == "choice":
        return tuple(lanes), open_ends
    return tuple(lanes), [] if kind.flow == "end" else [number]


def _words(value: object) -> str:
    """Text on one line, cut to what a node has room for."""
    return shorten(one_line(str(value)), _LONGEST)
