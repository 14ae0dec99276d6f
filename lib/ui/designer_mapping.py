"""The table that says, field by field, how a workflow's payload is made from the event's."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import mapping, mapping_check, payloads, workflow_dry_run
from lib.catalog import CatalogEntry
from lib.errors import InvalidInput, MappingError
from lib.mapping_check import Finding, Target
from lib.payloads import JsonValue
from lib.schema_form import json_text
from lib.schema_registry import JsonSchema
from lib.ui import designer_samples
from lib.ui.designer_samples import Sample
from lib.ui.designer_state import Draft
from lib.ui.text import code, escape, shorten

_UNSET, _EXPRESSION, _VALUE = "Not set", "Expression", "Value"
_MODES = (_UNSET, _EXPRESSION, _VALUE)


def draw(draft: Draft, entry: CatalogEntry, schema: JsonSchema) -> None:
    """Draw a row for every field of the workflow's schema, what is wrong with it, and what it gives."""
    given: dict[str, Any] = dict(draft.definition["trigger"].get("payloadMapping") or {})
    places = mapping_check.targets(schema)
    bar = st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute")
    with bar:
        sample = designer_samples.choose(draft, key="mapping")
        missing = _suggestions(places, given, entry.schema)
        st.button(f"Map {len(missing)} by name", icon=":material/auto_fix_high:", disabled=not missing,
                  help="Fields whose name and type are the same in event and workflow.",
                  on_click=_take, args=(draft, {**given, **missing}))  # fmt: skip
    sources = mapping_check.source_expressions(entry.schema) if entry.schema else {}
    changed: dict[str, Any] = {}
    rows = []
    for place in places:
        value = _draw_row(draft, place, given.get(place.target, mapping.UNSET), sources)
        rows.append(value)
        if value[0] is not mapping.UNSET:
            changed[place.target] = value[0]
    known = {place.target for place in places}
    unknown = {target: value for target, value in given.items() if target not in known}
    changed |= unknown
    findings: dict[str, list[Finding]] = {}
    for finding in mapping_check.check(changed, target=schema, source=entry.schema):
        findings.setdefault(finding.target, []).append(finding)
    for place, (value, slot) in zip(places, rows, strict=True):
        with slot:
            _draw_outcome(value, findings.get(place.target, []), sample, draft)
    for target in unknown:
        _draw_unknown(draft, target, given)
    trigger = {**draft.definition["trigger"], "payloadMapping": changed}
    draft.save({**draft.definition, "trigger": trigger})
    if sample:
        _draw_result(draft, sample, schema)


def _draw_row(draft: Draft, place: Target, value: Any, sources: dict[str, str]) -> tuple[Any, Any]:
    """Draw a field's row; its value (UNSET for none), and where its outcome goes."""
    is_expression = isinstance(value, dict) and value.keys() == {mapping.EXPRESSION}
    mode_now = _UNSET if value is mapping.UNSET else _EXPRESSION if is_expression else _VALUE
    with st.container(border=True, gap="xxsmall"):
        name, how, what = st.columns([3, 2.5, 6], vertical_alignment="center", gap="small")
        with name:
            required = " :red[*]" if place.field.required else ""
            st.markdown(f"**{code(place.target)}**{required}  \n:small[:gray[{escape(place.field.type)}]]",
                        help=escape(place.field.description) or None)  # fmt: skip
        with how:
            mode = st.selectbox("Source", _MODES, index=_MODES.index(mode_now), label_visibility="collapsed",
                                key=draft.key(f"mode-{place.target}"))  # fmt: skip
        with what:
            # What nobody touched stays as it is, also where no field could hold it.
            if mode == _EXPRESSION:
                shown = str(value[mapping.EXPRESSION]) if is_expression else None
                written = _draw_expression(draft, place, shown, sources)
                given = value if is_expression and written == shown else {mapping.EXPRESSION: written or ""}
            elif mode == _VALUE:
                given = _draw_value(draft, place, mapping.UNSET if is_expression else value)
            else:
                given = mapping.UNSET
                st.markdown(":small[:gray[left out]]")
        return given, st.container()


def _draw_expression(draft: Draft, place: Target, now: str | None, sources: dict[str, str]) -> str | None:
    options = list(sources) if now is None or now in sources else [now, *sources]
    chosen: str | None = st.selectbox(
        "Expression", options, index=options.index(now) if now is not None else None,
        format_func=lambda one: f"{one}  ({sources[one]})" if one in sources else one,
        accept_new_options=True, key=draft.key(f"expression-{place.target}"), label_visibility="collapsed",
        placeholder="Choose a field, or write JSONata",
    )  # fmt: skip
    return chosen


def _draw_value(draft: Draft, place: Target, now: Any) -> Any:
    key = draft.key(f"value-{place.target}")
    if place.field.allowed:
        options = [json_text(value, indent=None) for value in place.field.allowed]
        shown = json_text(now, indent=None) if now is not mapping.UNSET else options[0]
        options = options if shown in options else [shown, *options]
        chosen = st.selectbox("Value", options, index=options.index(shown), key=key, label_visibility="collapsed")
        return payloads.loads(chosen)
    if place.types == {"boolean"}:
        on = st.toggle("True", now is True, key=key)
        return now if now is not mapping.UNSET and on == (now is True) else on
    if place.types and place.types <= {"string", "null"}:
        text = now if isinstance(now, str) else "" if now is mapping.UNSET else json_text(now, indent=None)
        written = st.text_input("Value", text, key=key, label_visibility="collapsed", placeholder="Text")
        return now if now is not mapping.UNSET and written == text else written
    text = "" if now is mapping.UNSET else json_text(now, indent=None)
    written = st.text_input("Value", text, key=key, label_visibility="collapsed", placeholder="JSON, such as 12 or [1]")
    if now is not mapping.UNSET and written == text:
        return now
    try:
        return payloads.parse(written, field="value") if written.strip() else None
    except InvalidInput:
        return written  # kept as text, which is then marked as not fitting


def _draw_outcome(value: Any, findings: list[Finding], sample: Sample | None, draft: Draft) -> None:
    """What is wrong with a field's value, else what it gives for the sample."""
    for finding in findings:
        color, icon = ("red", "error") if finding.severity == "error" else ("orange", "warning")
        st.markdown(f":small[:{color}[:material/{icon}: {escape(finding.message)}]]")
    if findings and any(finding.severity == "error" for finding in findings):
        return
    if isinstance(value, dict) and value.keys() == {mapping.EXPRESSION} and sample:
        st.markdown(f":small[:gray[gives] {_evaluated(value[mapping.EXPRESSION], sample, draft)}]")


def _evaluated(expression: str, sample: Sample, draft: Draft) -> str:
    trigger = draft.definition["trigger"]
    context = mapping.event_context(str(trigger.get("eventName")), sample.payload,
                                    correlation_key=sample.correlation_key,
                                    payload_schema_ref=trigger.get("sourcePayloadSchemaRef"))  # fmt: skip
    try:
        result: JsonValue | mapping.Unset = mapping.evaluate(expression, context)
    except MappingError as error:  # what this one field gives; the others are fine
        return f":red[{escape(error.cause)}]"
    if result is mapping.UNSET:
        return ":orange[nothing]"
    return code(shorten(json_text(result, indent=None), 90))


def _draw_unknown(draft: Draft, target: str, given: dict[str, Any]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        said = f"{code(target)} is mapped, and the workflow's schema has no such field."
        st.markdown(f":orange[:material/warning: {said}]", width="content")
        left = {name: value for name, value in given.items() if name != target}
        st.button("Remove", icon=":material/delete:", key=draft.key(f"remove-{target}"), on_click=_take,
                  args=(draft, left))  # fmt: skip


def _draw_result(draft: Draft, sample: Sample, schema: JsonSchema) -> None:
    mapped, unset, refusals = workflow_dry_run.map_payload(
        draft.definition, payload=sample.payload, schema=schema, correlation_key=sample.correlation_key
    )
    with st.container(border=True, gap="xsmall"):
        if refusals:
            st.markdown(":red[:material/error:] **This event would start no run**")
            for refusal in refusals:
                st.caption(escape(refusal))
        else:
            st.markdown(":green[:material/check_circle:] **The workflow would get**")
        if mapped is not None:
            st.code(json_text(mapped), language="json")
        if unset:
            st.caption(f"Left out, because their expression gives nothing: {', '.join(code(name) for name in unset)}")


def _suggestions(places: list[Target], given: dict[str, Any], source: JsonSchema | None) -> dict[str, Any]:
    """Expressions for targets that have none yet, and whose object or parts have none either."""
    found: dict[str, Any] = {}
    for place in places:
        mine = place.target
        related = [one for one in [*given, *found] if one.startswith(f"{mine}.") or mine.startswith(f"{one}.")]
        if source is None or mine in given or related:
            continue
        if expression := mapping_check.suggest(place, source):
            found[place.target] = {mapping.EXPRESSION: expression}
    return found


def _take(draft: Draft, given: dict[str, Any]) -> None:
    """Callback: use this mapping."""
    trigger = {**draft.definition["trigger"], "payloadMapping": given}
    draft.save({**draft.definition, "trigger": trigger}, redraw=True)
