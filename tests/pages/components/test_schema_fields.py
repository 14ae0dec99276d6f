"""The form as a page draws it: every kind of field, every way in and out, errors under their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from streamlit.testing.v1 import AppTest

from lib.schemas.form import ABSENT
from lib.serialization.json_values import same
from tests.support import work
from tests.unit.schemas.test_form import DOCUMENTS, VALUES


def page(state: dict) -> None:  # type: ignore[type-arg]  # runs on its own, without the imports above
    import streamlit as st

    from lib.ui.components.schema_fields import schema_fields

    if state.get("hidden"):
        return
    state.pop("fill", lambda: None)()
    st.session_state["result"] = schema_fields(
        state["schema"],
        key="form",
        initial=state["initial"],
        submitted=state.get("submitted", False),
        validate=state.get("validate"),
    )


class FormPage:
    """A page with one form, driven by the names of its fields."""

    def __init__(self, schema: Any, initial: Any = ABSENT, **state: Any) -> None:
        self.state = {"schema": schema, "initial": initial, **state}
        self.app = AppTest.from_function(page, default_timeout=60, kwargs={"state": self.state})
        self.run()

    def run(self) -> None:
        self.app.run()
        assert not self.app.exception, self.app.exception[0].value

    @property
    def result(self) -> Any:
        return self.app.session_state["result"]

    @property
    def value(self) -> Any:
        return self.result.value

    @property
    def errors(self) -> list[str]:
        return [
            re.sub(r":red\[:material/error: (.*)\]$", r"\1", one.value)
            for one in self.app.caption
            if ":red[" in one.value
        ]

    def places(self) -> list[tuple[int, ...]]:
        """Where each text field stands in the page, block by block."""

        def inside(block: Any, place: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
            for at, child in block.children.items():
                if child.type == "text_input":
                    yield (*place, at)
                elif hasattr(child, "children"):
                    yield from inside(child, (*place, at))

        return list(inside(self.app.main, ()))

    def find(self, kind: str, name: str, at: int = 0) -> Any:
        """Find a field by its kind and name."""
        wanted = re.compile(rf"(^|\[|~){re.escape(name)}($|[ \]~])")
        found = [one for one in getattr(self.app, kind) if wanted.search(one.label.replace("\\", ""))]
        assert found, f"no {kind} {name}: {[one.label for one in getattr(self.app, kind)]}"
        return found[at]

    def set(self, kind: str, name: str, value: Any, at: int = 0) -> None:
        self.find(kind, name, at).set_value(value)
        self.run()

    def menu(self, pointer: str, action: str) -> None:
        """Choose an entry of the menu of the node whose key ends in a pointer."""
        buttons = [one for one in self.app.menu_button if re.search(rf"{re.escape(pointer)}(~r\d+)?:menu$", one.key)]
        assert len(buttons) == 1, [one.key for one in self.app.menu_button]
        buttons[0].click(action)
        self.run()

    def click(self, label: str, at: int = 0) -> None:
        [one for one in self.app.button if one.label == label][at].click()
        self.run()

    def toggle(self, pointer: str, opened: bool = True) -> None:
        """Open or close the part whose key ends in a pointer."""
        form = self.app.session_state["form:form"].form
        node = next(one for one in form.nodes() if one.key.endswith(pointer))
        node.shown = opened  # a test cannot click an expander: it holds the open state, the key shows it now
        self.app.session_state[f"form~0{node.key}:open"] = opened
        self.run()


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


# -- each kind of field -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "kind", "typed", "value"),
    [
        ({"type": "string"}, "text_input", "x", "x"),
        ({"type": "string", "maxLength": 999}, "text_area", "a\nb", "a\nb"),
        (
            {"type": "string", "format": "date-time"},
            "text_input",
            "2026-03-02T09:15:30.5Z",
            "2026-03-02T09:15:30.5Z",
        ),
        ({"type": "integer"}, "text_input", "12", 12),
        ({"type": "integer"}, "text_input", "9007199254740993", 9007199254740993),
        (
            {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
            "text_input",
            "1",
            1,
        ),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "number_input", 4, 4),
        ({"type": "number"}, "text_input", "1.0", Decimal("1.0")),
        ({"type": "number"}, "text_input", "7", 7),
        ({"type": "number"}, "text_input", "0.123456789012345678901", Decimal("0.123456789012345678901")),
        ({"type": "boolean"}, "segmented_control", 1, False),
        ({"type": ["boolean", "null"]}, "segmented_control", 2, None),
        ({"enum": ["a", "b"]}, "segmented_control", 1, "b"),
        ({"enum": [1, True, "1", None]}, "segmented_control", 1, True),
        ({"enum": [1, True, "1", None]}, "segmented_control", 3, None),
        ({"enum": [f"choice {n}" for n in range(9)]}, "selectbox", 8, "choice 8"),
        ({"const": "only"}, "segmented_control", 0, "only"),
        ({"type": "null"}, "segmented_control", 0, None),
        ({}, "text_area", '{"a": [1, 1.0]}', {"a": [1, Decimal("1.0")]}),
        (
            {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
            "multiselect",
            ["p", "q"],
            ["p", "q"],
        ),
        ({"type": "array", "uniqueItems": True, "items": {"enum": [1, "1"]}}, "multiselect", [1], ["1"]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text_input", "x", "x"),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "text_input", "3", 3),
        ({"type": "string", "nullable": True}, "text_input", "x", "x"),
        ({"$ref": "https://example.com/elsewhere"}, "text_area", "[1]", [1]),
        ({"type": "object", "additionalProperties": False, "$ref": "#/nowhere"}, "text_area", "{}", {}),
    ],
)
def test_each_kind_of_field_takes_a_value_and_lets_it_go(schema: Any, kind: str, typed: Any, value: Any) -> None:
    form = FormPage(fields(f=schema))
    if schema.get("additionalProperties") is False:
        form.menu("/f", "json")
    assert form.value == {}
    form.set(kind, "f", typed)
    assert same(form.value, {"f": value})
    form.set(kind, "f", [] if kind == "multiselect" else "" if kind.startswith("text") else None)
    assert form.value == {}


def test_values_that_look_alike_are_told_apart() -> None:
    schema = fields(f={"enum": [1, True, "1", "true", None, "null"]})
    for at, value in enumerate([1, True, "1", "true", None, "null"]):
        form = FormPage(schema, {"f": value})
        assert form.find("selectbox", "f").value == at
        assert len(set(form.find("selectbox", "f").options)) == 6


def test_a_date_is_kept_as_text() -> None:
    form = FormPage(fields(day={"type": "string", "format": "date"}), {"day": "1850-01-31"})
    assert form.find("date_input", "day").value.isoformat() == "1850-01-31"
    assert FormPage(fields(day={"type": "string", "format": "date"}), {"day": "soon"}).find("text_input", "day")


def test_a_required_fixed_value_is_filled_in_and_locked() -> None:
    schema = {"required": ["kind"], **fields(kind={"const": "order"})}
    form = FormPage(schema)
    assert form.value == {"kind": "order"}
    assert form.find("text_input", "kind").disabled
    form = FormPage(schema, {"kind": "other"})
    assert form.value == {"kind": "other"}
    form.set("segmented_control", "kind", 0)
    assert form.value == {"kind": "order"}


def test_labels_show_names_as_they_are() -> None:
    names = {
        "$a $b": "\\$a \\$b",
        "a*b*c": "a\\*b\\*c",
        ":smile: [x]": ":\u2060smile: \\[x\\]",
        "`x` <b>": "\\`x\\` \\<b>",
        "_a_": "\\_a\\_",
        "1. x": "1\\. x",
        "# x": "\\# x",
        "created_at": "created_at",
        "+1": "+1",
        "org.image.url": "org.image.url",
        "at 09:15": "at 09:15",
    }
    form = FormPage(fields(**{name: {"type": "string"} for name in names}))
    assert [one.label for one in form.app.text_input] == list(names.values())
    titled = FormPage(fields(a={"type": "string", "title": "~~Old~~"})).app.text_input[0]
    assert (titled.label, titled.help) == ("\\~\\~Old\\~\\~", "`a`")


def test_marks_of_required_sensitive_read_only_and_deprecated_fields() -> None:
    schema = {
        "required": ["a"],
        **fields(
            a={"type": "string"},
            b={"type": "string", "x-sensitive": True},
            c={"type": "string", "readOnly": True},
            d={"type": "string", "deprecated": True, "examples": ["old"]},
        ),
    }
    inputs = FormPage(schema).app.text_input
    # Nothing but words, as a screen reader is given a label as it is written.
    assert [one.label for one in inputs] == ["a *", "b · sensitive", "c · read-only", "d · deprecated"]
    assert inputs[3].placeholder == "e.g. old"


@settings(suppress_health_check=list(HealthCheck))
@given(DOCUMENTS, VALUES)
def test_anything_can_be_drawn_and_comes_out_as_it_went_in(schema: Any, value: Any) -> None:
    form = FormPage(schema, value, submitted=True)
    form.run()
    assert same(form.value, value)


# -- absent, null, empty ------------------------------------------------------------------------------


def test_absent_null_and_empty_are_different_and_reachable() -> None:
    form = FormPage(
        fields(t={"type": ["string", "null"]}, o=fields(a={}), l={"type": "array", "items": {"type": "string"}})
    )
    assert form.value == {}
    for pointer, empty in (("/t", ""), ("/o", {}), ("/l", [])):
        name = pointer[1:]
        form.menu(pointer, "empty")
        assert same(form.value[name], empty)
        form.menu(pointer, "null")
        assert form.value[name] is None
        form.menu(pointer, "remove")
        assert form.value == {}


def test_an_example_and_the_default_can_be_filled_in() -> None:
    form = FormPage(fields(a={"type": "string", "examples": ["one", "two"], "default": "three"}), {})
    form.menu("/a", "example:1")
    assert form.value == {"a": "two"}
    form.menu("/a", "default")
    assert form.value == {"a": "three"}


def test_defaults_are_prefilled_and_can_be_taken_away() -> None:
    form = FormPage(fields(a={"type": "string", "default": "x"}))
    assert form.value == {"a": "x"}
    form.set("text_input", "a", "")
    assert form.value == {}


def test_typing_into_an_optional_object_makes_it_and_clearing_unmakes_it() -> None:
    form = FormPage(fields(o={"required": ["kind"], **fields(kind={"const": 1}, a={"type": "string"})}))
    form.toggle("/o")
    form.set("text_input", "a", "x")
    assert form.value == {"o": {"kind": 1, "a": "x"}}
    form.set("text_input", "a", "")
    assert form.value == {}


def test_untouched_values_stay_as_they_were() -> None:
    schema = fields(
        i={"type": "integer", "minimum": 0, "maximum": 10},
        n={"type": "number"},
        big={"type": "integer"},
        e={"enum": [1, 2]},
        s={"type": "string", "maxLength": 3},
        odd={"type": "string"},
    )
    value = {"i": 3.0, "n": Decimal("1.10"), "big": 2**70, "e": 2.0, "s": "too long", "odd": {"a": None}}
    form = FormPage(schema, value)
    form.run()
    assert same(form.value, value)


def test_a_number_that_is_none_is_kept_and_explained() -> None:
    form = FormPage(fields(n={"type": "integer"}))
    form.set("text_input", "n", "1.5x")
    assert form.value == {"n": "1.5x"}
    assert form.errors == ["Must be a whole number, not text."]
    form.set("text_input", "n", "15")
    assert (form.value, form.errors) == ({"n": 15}, [])


# -- choices ------------------------------------------------------------------------------------------

PAY = {
    "oneOf": [
        {
            "title": "Card",
            "required": ["kind", "last4"],
            **fields(kind={"const": "card"}, last4={"type": "string"}),
        },
        {
            "title": "Bank",
            "required": ["kind", "iban"],
            **fields(kind={"const": "bank"}, iban={"type": "string", "minLength": 15}),
        },
    ]
}


def test_a_branch_keeps_what_was_typed_when_left_and_entered_again() -> None:
    form = FormPage({"required": ["pay"], **fields(pay=PAY)})
    form.set("text_input", "last4", "4242")
    assert form.value == {"pay": {"kind": "card", "last4": "4242"}}
    form.set("segmented_control", "pay", 1)
    assert form.value == {"pay": {"kind": "bank"}}
    form.set("text_input", "iban", "DE1")
    form.set("segmented_control", "pay", 0)
    assert form.find("text_input", "last4").value == "4242"
    form.set("segmented_control", "pay", 1)
    assert form.find("text_input", "iban").value == "DE1"
    assert form.value == {"pay": {"kind": "bank", "iban": "DE1"}}


def test_the_branch_follows_the_data_and_only_its_errors_show() -> None:
    form = FormPage(fields(pay=PAY), {"pay": {"kind": "bank", "iban": "DE"}}, submitted=True)
    assert form.find("segmented_control", "pay").value == 1
    assert form.errors == ["Must have at least 15 characters."]
    assert [one.path for one in form.result.errors] == [("pay",), ("pay", "iban")]


def test_an_optional_choice_can_be_made_and_taken_back() -> None:
    form = FormPage(fields(pay=PAY))
    assert form.value == {}
    form.set("segmented_control", "pay", 1)
    assert form.value == {"pay": {"kind": "bank"}}
    form.menu("/pay", "remove")
    assert form.value == {}


def test_a_union_of_types_has_a_picker() -> None:
    form = FormPage(fields(ref={"type": ["string", "integer"]}), {"ref": 42})
    assert form.find("segmented_control", "ref").value == 1
    form.set("segmented_control", "ref", 0)
    form.set("text_input", "ref", "A-42")
    assert form.value == {"ref": "A-42"}
    form.set("segmented_control", "ref", 1)
    assert form.value == {"ref": 42}


def test_a_choice_inside_a_choice_has_its_own_picker() -> None:
    pair = {"oneOf": [fields(a={"type": "string"}), {"oneOf": [fields(b={"type": "string"}), {"type": "string"}]}]}
    form = FormPage(fields(x=pair), {"x": "text"})
    assert [one.value for one in form.app.segmented_control] == [1, 1]
    form.app.segmented_control[1].set_value(0)
    form.run()
    form.toggle("/x~r1")
    form.set("text_input", "b", "1")
    assert form.value == {"x": {"b": "1"}}


# -- lists and maps -----------------------------------------------------------------------------------


def test_rows_are_added_copied_moved_and_removed() -> None:
    form = FormPage(fields(l={"type": "array", "items": {"type": "string"}}), {"l": ["a", "b"]})
    form.click("Add item")
    form.set("text_input", "3", "c")
    assert form.value == {"l": ["a", "b", "c"]}
    rows = [one.key.removesuffix(":menu") for one in form.app.menu_button if "/@" in one.key]
    names = [row.split("/l/")[1] for row in rows]
    form.menu(f"/l/{names[2]}", "up")
    form.menu(f"/l/{names[0]}", "down")
    assert form.value == {"l": ["c", "a", "b"]}
    form.menu(f"/l/{names[1]}", "duplicate")
    assert form.value == {"l": ["c", "a", "b", "b"]}
    form.menu(f"/l/{names[0]}", "remove")
    assert form.value == {"l": ["c", "b", "b"]}
    assert [one.value for one in form.app.text_input] == ["c", "b", "b"]


def test_rows_of_objects_open_and_take_values() -> None:
    form = FormPage(
        fields(l={"type": "array", "minItems": 1, "items": fields(a={"type": "string"})}),
        {"l": [{"a": "1"}, {"a": "2"}]},
    )
    form.set("text_input", "a", "x", at=1)
    form.click("Add item")
    assert form.value == {"l": [{"a": "1"}, {"a": "x"}, {}]}


def test_long_lists_are_paged() -> None:
    form = FormPage({"type": "array", "items": {"type": "string"}}, [f"v{n}" for n in range(60)])
    assert len(form.app.text_input) == 24
    form.app.pagination[0].set_value(3)
    form.run()
    assert [one.value for one in form.app.text_input] == [f"v{n}" for n in range(48, 60)]
    assert len(form.value) == 60


def test_keys_of_a_map_are_added_renamed_and_removed() -> None:
    form = FormPage({"type": "object", "additionalProperties": {"type": "string"}}, {"team": "desk"})
    form.click("Add entry")
    names = [one for one in form.app.text_input if one.label == "Field"]
    assert [one.value for one in names] == ["team", "key"]
    names[1].set_value("team")
    form.run()
    assert form.value == {"team": "desk", "key": ""}
    assert form.errors == ["The key “team” is already there"]
    assert not form.result.is_valid
    [one for one in form.app.text_input if one.label == "Field"][1].set_value("+1")
    form.run()
    form.set("text_input", "+1", "yes")
    assert form.value == {"team": "desk", "+1": "yes"}
    form.menu("/@1", "remove")
    assert form.value == {"+1": "yes"}


def test_unknown_keys_of_a_payload_are_kept_shown_and_marked() -> None:
    schema = {"additionalProperties": False, **fields(a={"type": "string"})}
    form = FormPage(schema, {"x": {"y": 1}, "a": "1"}, submitted=True)
    assert form.value == {"x": {"y": 1}, "a": "1"}
    assert form.errors == ['"x" is not allowed here.']
    form.set("text_area", "x", '{"y": 2}')
    assert form.value == {"x": {"y": 2}, "a": "1"}


def test_json_text_that_cannot_be_read_keeps_the_last_value() -> None:
    form = FormPage(fields(any={}), {"any": 1})
    form.set("text_area", "any", "{oops")
    assert form.value == {"any": 1}
    assert not form.result.is_valid
    assert form.errors[0].startswith("This is not JSON: ")
    assert form.find("text_area", "any").value == "{oops"
    form.set("text_area", "any", "[2]")
    assert (form.value, form.result.is_valid) == ({"any": [2]}, True)


def test_any_part_can_be_edited_as_json() -> None:
    form = FormPage(fields(o=fields(a={"type": "string"})), {"o": {"a": "1"}})
    form.menu("/o", "json")
    form.set("text_area", "o", '{"a": "2"}')
    form.menu("/o", "fields")
    assert form.find("text_input", "a").value == "2"


# -- errors -------------------------------------------------------------------------------------------


def test_errors_wait_until_a_field_was_touched_or_the_form_sent() -> None:
    schema = {"required": ["a", "b"], **fields(a={"type": "string", "minLength": 3}, b={"type": "string"})}
    form = FormPage(schema)
    assert form.errors == [] and not form.result.is_valid
    form.set("text_input", "a", "x")
    assert form.errors == ["Must have at least 3 characters."]
    form.state["submitted"] = True
    form.run()
    assert form.errors == ["Must have at least 3 characters.", '"b" is missing.']


def test_no_field_changes_its_place_when_errors_come_or_go() -> None:
    """The browser makes one anew that does, without what is typed in it and without the cursor."""
    name = {"name": {"type": "string", "minLength": 3}, "more": {"type": "string"}}
    part = {"type": "object", "required": ["name"], "minProperties": 2, "properties": name}
    schema = {**part, "minProperties": 3, "properties": {**name, "part": part}}
    form = FormPage(schema, {"name": "long", "part": {"name": "long"}}, submitted=False)
    before = form.places()
    assert form.errors == [] and len(before) == 4
    form.state["submitted"] = True
    form.run()
    assert sorted(form.errors) == ["Must have at least 2 entries.", "Must have at least 3 entries."]
    assert form.places() == before
    form.set("text_input", "name", "x")
    assert len(form.errors) == 3 and form.places() == before


def test_errors_of_a_closed_part_are_counted_on_it() -> None:
    schema = fields(o=fields(**{f"f{n}": {"type": "string"} for n in range(20)}))
    form = FormPage(schema, {"o": {"f1": 1, "f2": 2}}, submitted=True)
    assert form.errors == []
    assert ":material/error: 2" in form.app.expander[0].label


def test_the_caller_may_check_in_its_own_way() -> None:
    from lib.schemas.form import SchemaViolation

    def check(value: Any) -> list[SchemaViolation]:
        return [SchemaViolation(("a",), f"No {value['a']}")] if value.get("a") else []

    form = FormPage(fields(a={"type": "integer"}), {"a": 5}, validate=check, submitted=True)
    assert form.errors == ["No 5"]


# -- state --------------------------------------------------------------------------------------------


def test_what_was_typed_survives_closing_and_hiding() -> None:
    form = FormPage(fields(o=fields(a={"type": "string"})), {"o": {"a": "1"}})
    form.set("text_input", "a", "typed")
    form.toggle("/o", opened=False)
    assert len(form.app.text_input) == 0
    form.toggle("/o")
    assert form.find("text_input", "a").value == "typed"
    form.state["hidden"] = True
    form.run()
    form.state["hidden"] = False
    form.run()
    assert form.value == {"o": {"a": "typed"}}


def test_another_schema_or_start_begins_anew_but_takes_nothing_that_was_typed() -> None:
    form = FormPage(fields(a={"type": "string"}), {"a": "1"})
    form.state["initial"] = {"a": "2"}
    form.run()
    assert (form.value, form.result.touched) == ({"a": "2"}, False)
    assert form.find("text_input", "a").value == "2"
    form.set("text_input", "a", "typed")
    form.state["initial"] = {"a": "3"}
    form.run()
    assert (form.value, form.result.touched) == ({"a": "typed"}, True)
    form.state["schema"] = fields(b={"type": "string"})
    form.run()
    assert [one.label for one in form.app.text_input if one.label != "Field"] == ["b"]


# -- size ---------------------------------------------------------------------------------------------


def test_a_recursive_schema_opens_level_by_level_and_deep_parts_by_themselves() -> None:
    schema = {"$ref": "#/$defs/n", "$defs": {"n": fields(v={"type": "string"}, next={"$ref": "#/$defs/n"})}}
    form = FormPage(schema)
    for depth in range(1, 4):
        form.toggle("/next" * depth)
    assert len(form.app.text_input) == 4
    form.click("next :gray[·] :gray[not set]")
    assert len(form.app.text_input) == 1
    form.set("text_input", "v", "deep")
    assert form.value == {"next": {"next": {"next": {"next": {"v": "deep"}}}}}
    form.click("All fields")
    assert len(form.app.text_input) == 4


def test_errors_on_other_pages_are_told() -> None:
    form = FormPage({"type": "array", "items": {"type": "string"}}, ["x"] * 30 + [1], submitted=True)
    assert form.errors == ["Errors on page 2"]


def test_a_form_can_be_filled_from_outside() -> None:
    from lib.ui.components.schema_fields import fill_form

    form = FormPage(fields(a={"type": "string"}), {"a": "1"})
    form.set("text_input", "a", "typed")
    form.state["fill"] = lambda: fill_form("form", {"a": "2"})
    form.run()
    assert (form.value, form.find("text_input", "a").value) == ({"a": "2"}, "2")
    form.state["initial"] = {"a": "3"}
    form.run()
    assert form.value == {"a": "2"}, "as it was filled, whatever it would start from now"


def test_a_key_can_be_added_to_the_whole_form() -> None:
    form = FormPage(fields(a={"type": "string"}), {})
    form.click("Add another field")
    assert form.value == {"key": None}


@pytest.mark.parametrize("groups", [1, 20])
def test_an_edit_among_a_thousand_fields_is_quick(groups: int) -> None:
    inner = fields(**{f"f{n}": {"type": "string"} for n in range(1000 // groups)})
    schema = fields(**{f"g{n}": inner for n in range(groups)}) if groups > 1 else inner
    form = FormPage(schema)
    if groups > 1:
        form.toggle("/g0")
    assert work.calls(lambda: form.set("text_input", "f1", "x")) < 250_000
    assert form.value == ({"g0": {"f1": "x"}} if groups > 1 else {"f1": "x"})


def test_an_edit_among_seven_thousand_fields_costs_what_it_changes() -> None:
    """All are open in the form's core. Only the objects around the edit are put together and judged again."""
    leaf = {"type": "string"}
    group = {**fields(**{f"f{n}": leaf for n in range(70)}), "if": {"required": ["f0"]}, "then": {"required": ["f1"]}}
    schema = fields(**{f"g{n}": group for n in range(100)})
    checks = []

    def validate(value: Any) -> list[Any]:
        checks.append(len(value))
        return []

    form = FormPage(schema, {f"g{n}": {f"f{m}": "x" for m in range(70)} for n in range(100)}, validate=validate)
    core = form.app.session_state["form:form"].form
    for node in list(core.nodes()):
        node.opened() if node.kind == "object" else None
    groups = core.root.fields()
    for one in groups:
        one.opened()
    assert len(list(core.nodes())) == 7101
    form.toggle("/g1")
    assert len(form.app.text_input) == 26, "two searches and one page of the fields of one group"
    form.set("text_input", "f1", "first")
    kept = [one._dumped for one in groups]
    before = len(checks)
    assert work.calls(lambda: form.set("text_input", "f1", "typed")) < 250_000
    assert form.value["g1"]["f1"] == "typed" and len(checks) == before + 1
    assert [number for number, one in enumerate(groups) if one._dumped is not kept[number]] == [1]
    form.run()
    assert len(checks) == before + 1, "a rerun without an edit checks nothing"
    node = groups[2].fields()[3]
    assert work.calls(lambda: node.write("y")) < 1000, "the rest is neither judged nor put together"
    assert work.calls(lambda: core.root.dump()) < 1000


def test_a_check_that_leaves_it_to_the_form_is_asked_once_an_edit() -> None:
    asked = []
    form = FormPage(
        fields(a={"type": "integer"}), {"a": "x"}, validate=lambda value: asked.append(value), submitted=True
    )
    form.run()
    assert asked == [{"a": "x"}] and len(form.errors) == 1
    form.set("text_input", "a", "5")
    form.run()
    assert asked == [{"a": "x"}, {"a": 5}] and form.errors == []


def test_a_list_of_seven_thousand_rows_is_not_counted_again_for_each_row() -> None:
    row = fields(kind={"enum": ["a", "b"]}, x={"type": "integer"})
    form = FormPage({"type": "array", "items": row}, [{"kind": "a", "x": "wrong"}] * 7000, submitted=True)
    rows = form.app.session_state["form:form"].form.root.opened()
    looked: list[Any] = []

    class Counted(list[Any]):
        def index(self, *arguments: Any) -> int:
            looked.append(arguments)
            return super().index(*arguments)

    form.app.session_state["form:form"].form.root.children = Counted(rows)
    form.run()
    assert 0 < len(looked) < 1000, "only the rows that are drawn ask where they stand"
    assert len(form.result.errors) == 7000


def test_choices_that_a_condition_swaps_are_chosen_anew() -> None:
    """A widget keeps the number of its option; under other options it would be another value."""
    cities = {"DE": ["Bonn", "Ulm"], "FR": ["Ulm", "Nice"], "IT": ["Rom"]}
    conditions = [
        {
            "if": {"properties": {"land": {"const": land}}, "required": ["land"]},
            "then": {"properties": {"city": {"enum": some}}, "required": ["city"]},
        }
        for land, some in cities.items()
    ]
    form = FormPage({**fields(land={"enum": list(cities)}), "allOf": conditions}, {"land": "DE"})
    form.set("segmented_control", "city", 1)
    assert form.value == {"land": "DE", "city": "Ulm"}
    form.set("segmented_control", "land", 1)
    assert form.value == {"land": "FR", "city": "Ulm"}
    assert form.find("segmented_control", "city").value == 0
    form.set("segmented_control", "land", 0)
    assert form.find("segmented_control", "city").value == 1
    form.set("segmented_control", "city", 0)
    form.set("segmented_control", "land", 1)
    assert form.value == {"land": "FR", "city": "Bonn"}
    shown = form.find("segmented_control", "city")
    assert (shown.options[shown.value], len(shown.options)) == ("Bonn (not allowed)", 3)
