"""The table that says, field by field, how a workflow's payload is made from the event's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.catalog.entries import CatalogEntry
from lib.errors import InvalidInput, MappingError
from lib.mapping import check as mapping_check
from lib.mapping import expressions, mapping
from lib.mapping.check import Finding, Target
from lib.redaction import Redacted
from lib.schemas import JsonSchema
from lib.schemas.form import json_text
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.ui.components import guard, statuses
from lib.ui.components.schema_fields.expressions import expression_box
from lib.ui.components.text import code, escape, shorten
from lib.ui.designer import samples
from lib.ui.designer.samples import Sample
from lib.ui.designer.state import Draft
from lib.workflows import definition_text, dry_run

_UNSET, _EXPRESSION, _VALUE = "Not set", "Expression", "Value"
_MODES = (_UNSET, _EXPRESSION, _VALUE)
# What a field of these types begins with; any other with null.
_BLANKS: dict[frozenset[str], Any] = {frozenset({"string"}): "", frozenset({"boolean"}): False}


@dataclass(frozen=True)
class _Row:
    """A field of the workflow's schema and what the mapping says about it: UNSET, a literal, or an expression."""

    draft: Draft
    place: Target
    value: Any
    disabled: bool
    #: Begins its widgets' keys, also after another callback of the same click has had everything drawn anew.
    prefix: str

    @property
    def is_expression(self) -> bool:
        return expressions.is_expression(self.value)

    @property
    def mode(self) -> str:
        return _UNSET if self.value is expressions.UNSET else _EXPRESSION if self.is_expression else _VALUE

    def widget(self, part: str) -> dict[str, Any]:
        """Key and callback of one of the row's widgets."""
        return {
            "key": self.key(part),
            "disabled": self.disabled,
            "label_visibility": "collapsed",
            "on_change": guard.callback(_keep),
            "args": (self,),
        }

    def key(self, part: str) -> str:
        return f"{self.prefix}{part}-{self.place.target}"


def draw(draft: Draft, entry: CatalogEntry, schema: JsonSchema, *, disabled: bool) -> None:
    """Draw a row for every field of the workflow's schema, what is wrong with it, and what it gives."""
    given = _given(draft)
    places = mapping_check.targets(schema)
    bar = st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute")
    with bar:
        sample = samples.choose(draft, key="mapping")
        missing = by_name(schema, given, entry.schema)
        if not disabled:
            st.button(
                f"Map {len(missing)} by name" if missing else "Map by name",
                icon=":material/auto_fix_high:",
                disabled=not missing,
                help="Fields whose name and type are the same in event and workflow.",
                on_click=guard.callback(_take),
                args=(draft, missing),
            )
    sources = mapping_check.source_expressions(entry.schema) if entry.schema else {}
    findings: dict[str, list[Finding]] = {}
    for finding in mapping_check.check(given, target=schema, source=entry.schema):
        findings.setdefault(finding.target, []).append(finding)
    for place in places:
        row = _Row(draft, place, given.get(place.target, expressions.UNSET), disabled, draft.key(""))
        with st.container(border=True, gap="xxsmall"):
            _draw_row(row, sources)
            _draw_outcome(row, findings.get(place.target, []), sample)
    known = {place.target for place in places}
    for target in given:
        if target not in known:
            _draw_unknown(draft, target, disabled=disabled)
    if sample:
        _draw_result(draft, sample, schema)


def _given(draft: Draft) -> dict[str, Any]:
    """The draft's mapping, its targets spelled as those of the schema's fields are."""
    given = draft.definition["trigger"].get("payloadMapping") or {}
    return {expressions.target(expressions.names(target)): value for target, value in given.items()}


def _draw_row(row: _Row, sources: dict[str, str]) -> None:
    place = row.place
    name, how, what = st.columns([3, 2.5, 6], vertical_alignment="center", gap="small")
    with name:
        required = " :red[*]" if place.field.required else ""
        st.markdown(
            f"**{code(place.target)}**{required}  \n:small[:gray[{escape(place.field.type)}]]",
            help=escape(place.field.description) or None,
        )
    with how:
        st.selectbox("Source", _MODES, index=_MODES.index(row.mode), **row.widget("mode"))
    with what:
        if row.mode == _EXPRESSION:
            _draw_expression(row, sources)
        elif row.mode == _VALUE:
            _draw_value(row)
        else:
            st.markdown(":small[:gray[left out]]")


def _draw_expression(row: _Row, sources: dict[str, str]) -> None:
    now = str(row.value[expressions.EXPRESSION]) or None
    expression_box("Expression", now, sources, **row.widget("expression"))


def _draw_value(row: _Row) -> None:
    now = row.value
    if row.place.field.allowed:
        options = _options(row)
        st.selectbox("Value", options, index=options.index(json_text(now, indent=None)), **row.widget("value"))
    elif row.place.types == {"boolean"}:
        st.segmented_control(
            "Value",
            [True, False],
            default=now if isinstance(now, bool) else None,
            required=True,
            format_func=lambda value: json_text(value),
            **row.widget("value"),
        )
    elif _is_text(row.place):
        text = now if isinstance(now, str) else json_text(now, indent=None)
        st.text_input("Value", text, placeholder="Text", **row.widget("value"))
    else:
        st.text_input(
            "Value", json_text(now, indent=None), placeholder="JSON, such as 12 or [1]", **row.widget("value")
        )


def _options(row: _Row) -> list[str]:
    """The values that the schema allows, and the present one if it is another."""
    allowed = [json_text(value, indent=None) for value in row.place.field.allowed]
    now = json_text(row.value, indent=None)
    return allowed if now in allowed else [now, *allowed]


def _is_text(place: Target) -> bool:
    return bool(place.types) and place.types <= {"string", "null"}


def _keep(row: _Row) -> None:
    """Callback: take what the row's widgets say. Others of this page may have changed other rows before."""
    value = _said(row)
    if value is row.value or definition_text.same(value, row.value):
        return  # of a widget that an interrupted run has drawn, Streamlit says that it changed when it has not
    given = {target: one for target, one in _given(row.draft).items() if target != row.place.target}
    if value is not expressions.UNSET:
        given[row.place.target] = value
    _put(row.draft, given)


def _said(row: _Row) -> Any:
    mode = st.session_state.get(row.key("mode"), row.mode)
    if mode == _EXPRESSION:
        if row.is_expression and row.key("expression") not in st.session_state:
            return row.value
        if row.mode == _VALUE:  # the field for the expression is not drawn yet: it says what the value was
            return {expressions.EXPRESSION: expressions.literal(row.value)}
        return {expressions.EXPRESSION: st.session_state.get(row.key("expression")) or ""}
    if mode == _UNSET:
        return expressions.UNSET
    place = row.place
    said: Any = st.session_state.get(row.key("value"))
    if row.mode != _VALUE:  # the field for the value is not drawn yet: what it begins with
        return _first_value(row)
    if said is None:
        return row.value
    if place.field.allowed:
        return strict_json.loads(said)
    if place.types == {"boolean"} or _is_text(place):
        return said
    try:
        return strict_json.parse(said, field="value") if said.strip() else None
    except InvalidInput:
        return said  # kept as text, which is then marked as not fitting


def _first_value(row: _Row) -> Any:
    """What the field for a value begins with: what the expression gives, or the text of it where text is wanted."""
    place, allowed = row.place, row.place.field.allowed
    if row.is_expression and (written := str(row.value[expressions.EXPRESSION])):
        value = expressions.given_by(written)
        if value in allowed or (not allowed and (_is_text(place) or value != written)):
            return value
    return allowed[0] if allowed else _BLANKS.get(frozenset(place.types - {"null"}))


def _draw_outcome(row: _Row, findings: list[Finding], sample: Sample | None) -> None:
    """What is wrong with a field's value, else what it gives for the sample."""
    for finding in findings:
        st.markdown(f":small[{statuses.SEVERITY[finding.severity].text(escape(finding.message))}]")
    if findings and any(finding.severity == "error" for finding in findings):
        return
    if row.is_expression and sample:
        st.markdown(f":small[{_evaluated(row, sample)}]")


def _evaluated(row: _Row, sample: Sample) -> str:
    expression, trigger = row.value[expressions.EXPRESSION], row.draft.definition["trigger"]
    context = mapping.event_context(
        str(trigger.get("eventName")),
        sample.payload,
        correlation_key=sample.correlation_key,
        payload_schema_ref=trigger.get("sourcePayloadSchemaRef"),
    )
    try:
        result: JsonValue | expressions.Unset = expressions.evaluate(expression, context)
    except MappingError as error:  # what this one field gives; the others are fine
        cause = Redacted.of(sample.payload).sentence(error.cause)
        return f":red[:material/error: {escape(f'{row.place.target}: {cause}.')}]"
    if result is expressions.UNSET:
        return ":gray[gives] :orange[nothing]"
    return f":gray[gives] {code(shorten(json_text(result, indent=None), 90))}"


def _draw_unknown(draft: Draft, target: str, *, disabled: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        said = f"{code(target)} is mapped, and the workflow's schema has no such field."
        st.markdown(f":orange[:material/warning: {said}]", width="content")
        st.button(
            "Remove",
            icon=":material/delete:",
            key=draft.key(f"remove-{target}"),
            disabled=disabled,
            on_click=guard.callback(_remove),
            args=(draft, target),
        )


def _draw_result(draft: Draft, sample: Sample, schema: JsonSchema) -> None:
    start = dry_run.start(
        draft.definition, payload=sample.payload, schema=schema, correlation_key=sample.correlation_key
    )
    with st.container(border=True, gap="xsmall"):
        if start.refusals:
            st.markdown(":red[:material/error:] **This event would start no run**")
            for refusal in start.refusals:
                st.caption(escape(refusal))
        else:
            st.markdown(":green[:material/check_circle:] **The workflow would get**")
        samples.draw_unchecked(start)
        if start.payload is not None:
            st.code(json_text(start.payload), language="json")
        if start.unset:
            left_out = ", ".join(code(name) for name in start.unset)
            st.caption(f"Left out, because their expression gives nothing: {left_out}")


def by_name(target: JsonSchema, given: dict[str, Any], source: JsonSchema | None) -> dict[str, Any]:
    """Expressions for targets that have none yet, and whose object or parts have none either."""
    found: dict[str, Any] = {}
    for place in mapping_check.targets(target):
        mine = place.target
        related = [one for one in [*given, *found] if one.startswith(f"{mine}.") or mine.startswith(f"{one}.")]
        if source is None or mine in given or related:
            continue
        if expression := mapping_check.suggest(place, source):
            found[place.target] = {expressions.EXPRESSION: expression}
    return found


def _take(draft: Draft, suggested: dict[str, Any]) -> None:
    """Callback: map these fields too."""
    _put(draft, {**suggested, **_given(draft)}, redraw=True)


def _remove(draft: Draft, target: str) -> None:
    """Callback: map this target no more."""
    _put(draft, {name: value for name, value in _given(draft).items() if name != target}, redraw=True)


def _put(draft: Draft, given: dict[str, Any], *, redraw: bool = False) -> None:
    trigger = {**draft.definition["trigger"], "payloadMapping": given}
    draft.save({**draft.definition, "trigger": trigger}, redraw=redraw)
