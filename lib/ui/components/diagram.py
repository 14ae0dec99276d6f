"""A workflow definition as a Mermaid flowchart: trigger, steps, branches and loops.

Pure text; whatever people wrote into names is made inert first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.steps import lists_in, type_of
from lib.steps.step_type import Shape
from lib.ui.components import statuses

_LONGEST = 34
_LOOKALIKES = str.maketrans(
    {
        '"': "”",
        "`": "ʼ",
        "*": "∗",
        "<": "‹",
        ">": "›",
        "#": "＃",
        "&": "＆",
        "[": "［",
        "]": "］",
        "\\": "＼",
        "%": "％",
        "{": "｛",
        "}": "｝",
        "~": "∼",
        "$": "＄",
    }
)
#: Steps that are drawn; beyond, a node says how many more there are.
_MOST_NODES = 120

# Fill, border and text of each kind of node, on a light and on a dark page. Steps of a run have the colour of their
# status, if it says more than grey does.
_LIGHT = {
    "trigger": "fill:#eef2ff,stroke:#6366f1,color:#312e81",
    "step": "fill:#f8fafc,stroke:#94a3b8,color:#0f172a",
    "choice": "fill:#fff7ed,stroke:#f59e0b,color:#7c2d12",
    "wait": "fill:#f5f3ff,stroke:#8b5cf6,color:#4c1d95",
    "stop": "fill:#f1f5f9,stroke:#64748b,color:#334155",
    "empty": "fill:#ffffff00,stroke:#94a3b8,color:#64748b,stroke-dasharray:4 3",
    "broken": "fill:#fef2f2,stroke:#ef4444,color:#7f1d1d,stroke-width:2px",
    "selected": "stroke:#4f46e5,stroke-width:3px",
    "green": "fill:#f0fdf4,stroke:#22c55e,color:#14532d",
    "red": "fill:#fef2f2,stroke:#ef4444,color:#7f1d1d,stroke-width:2px",
    "blue": "fill:#eff6ff,stroke:#3b82f6,color:#1e3a8a,stroke-width:2px",
    "violet": "fill:#f5f3ff,stroke:#8b5cf6,color:#4c1d95,stroke-width:2px",
}
_DARK = {
    "trigger": "fill:#23264a,stroke:#818cf8,color:#e0e7ff",
    "step": "fill:#1e2230,stroke:#64748b,color:#e7e9f0",
    "choice": "fill:#33261a,stroke:#f59e0b,color:#fed7aa",
    "wait": "fill:#2a2345,stroke:#a78bfa,color:#ddd6fe",
    "stop": "fill:#252a37,stroke:#94a3b8,color:#cbd5e1",
    "empty": "fill:#00000000,stroke:#64748b,color:#94a3b8,stroke-dasharray:4 3",
    "broken": "fill:#3a1d22,stroke:#f87171,color:#fecaca,stroke-width:2px",
    "selected": "stroke:#a5b4fc,stroke-width:3px",
    "green": "fill:#16301f,stroke:#22c55e,color:#bbf7d0",
    "red": "fill:#3a1d22,stroke:#f87171,color:#fecaca,stroke-width:2px",
    "blue": "fill:#182a47,stroke:#60a5fa,color:#bfdbfe,stroke-width:2px",
    "violet": "fill:#2a2345,stroke:#a78bfa,color:#ddd6fe,stroke-width:2px",
}
# Mermaid would put the words on an edge into black boxes; this is the page's own background.
_DARK_EDGES = ("---", "config:", "  themeVariables:", '    edgeLabelBackground: "#12141c"', "---")
# The kind of node of each shape of step, and its brackets in Mermaid.
_SHAPES: dict[Shape, tuple[str, tuple[str, str]]] = {
    "step": ("step", ("(", ")")),
    "choice": ("choice", ("{{", "}}")),
    "loop": ("choice", ("[[", "]]")),
    "wait": ("wait", ("(", ")")),
    "stop": ("stop", ("(", ")")),
}


@dataclass
class _Drawing:
    """The lines so far, and what to mark."""

    broken: Collection[str]
    selected: str | None
    states: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    nodes: int = 0

    def node(self, text: str, shape: tuple[str, str], kind: str, *, selected: bool = False) -> str:
        self.nodes += 1
        name = f"n{self.nodes}"
        self.lines.append(f'  {name}{shape[0]}"{text}"{shape[1]}:::{kind}')
        if selected:
            self.lines.append(f"  class {name} selected")
        return name

    def edge(self, origins: list[tuple[str, str]], to: str) -> None:
        for origin, label in origins:
            self.lines.append(f"  {origin} -->|{label}| {to}" if label else f"  {origin} --> {to}")


def flowchart(
    definition: Mapping[str, Any],
    *,
    broken: Collection[str] = (),
    selected: str | None = None,
    states: Mapping[str, str] | None = None,
    dark: bool = False,
) -> str:
    """The definition as Mermaid text.

    `broken` and `selected` are JSON pointers of steps ("/trigger" too); `states` maps step ids to the status
    they have in a run; `dark` is for a dark page.
    """
    drawing = _Drawing(broken, selected, states or {})
    trigger = definition.get("trigger")
    if isinstance(trigger, Mapping) and trigger.get("eventName"):
        text = f"`**{plain(trigger['eventName'])}**\nEvent`"
    else:
        text = "No trigger"
    kind = "broken" if "/trigger" in broken else "trigger" if trigger else "empty"
    first = drawing.node(text, ("([", "])"), kind, selected=selected == "/trigger")
    steps = definition.get("steps")
    ends = _steps(drawing, steps if isinstance(steps, list) else [], "/steps", [(first, "")])
    if not steps:
        drawing.edge([(first, "")], drawing.node("Add the first step", ("[", "]"), "empty"))
    elif ends:
        drawing.edge(ends, drawing.node("End", ("((", "))"), "stop"))
    classes = [f"  classDef {name} {style}" for name, style in (_DARK if dark else _LIGHT).items()]
    return "\n".join([*(_DARK_EDGES if dark else ()), "flowchart TD", *drawing.lines, *classes])


def plain(value: Any, longest: int = _LONGEST) -> str:
    """Text cut to a width, with a look-alike for every character that Mermaid or Markdown would act on."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return text.translate(_LOOKALIKES)


def _steps(drawing: _Drawing, steps: list[Any], path: str, origins: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Draw a list of steps after the given edges' ends; the open ends after its last."""
    for index, step in enumerate(steps):
        if not isinstance(step, Mapping):
            continue
        if drawing.nodes >= _MOST_NODES:
            more = drawing.node(f"… {len(steps) - index} more", ("[", "]"), "empty")
            drawing.edge(origins, more)
            return [(more, "")]
        where = f"{path}/{index}"
        node = _step(drawing, step, where)
        drawing.edge(origins, node)
        origins = _after(drawing, step, where, node)
    return origins


def _step(drawing: _Drawing, step: Mapping[str, Any], where: str) -> str:
    step_type = type_of(step)
    label = step_type.label if step_type else str(step.get("type"))
    name = step.get("name")
    text = f"`**{plain(name or label)}**\n{plain(label if name else step.get('id'))}`"
    kind, brackets = _SHAPES[step_type.shape if step_type else "step"]
    status = drawing.states.get(str(step.get("id")))
    if status and (color := statuses.STEP[status].color) in _LIGHT:
        kind = color
    if where in drawing.broken:
        kind = "broken"
    return drawing.node(text, brackets, kind, selected=drawing.selected == where)


def _after(drawing: _Drawing, step: Mapping[str, Any], where: str, node: str) -> list[tuple[str, str]]:
    """The open ends after a step: those of its branches, or its own."""
    step_type, lists = type_of(step), lists_in(step)
    flow = step_type.flow if step_type else "next"
    ends: list[tuple[str, str]] = []
    for one in step_type.lists if step_type else ():
        ends += _steps(drawing, lists[one.key], f"{where}/config/{one.key}", [(node, one.edge)])
    if flow == "choice":
        return ends
    if flow == "loop":
        drawing.edge([(origin, "next") for origin, _ in ends if origin != node], node)
        return [(node, "done")]
    return [] if flow == "end" else [(node, "")]
