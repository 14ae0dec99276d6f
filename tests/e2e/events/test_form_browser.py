"""A form with conditions in a real browser: a field comes with its condition, and keeps what was typed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, own_event, picture, settled

pytestmark = pytest.mark.browser


def when(kind: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": kind}}, "required": ["kind"]}


SCHEMA = {
    "type": "object",
    "title": "Meter reading",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["water", "gas"], "title": "Kind", "description": "What the meter counts."},
        "meter": {"type": "string", "title": "Meter"},
        "invoice": {"type": "string", "title": "Invoice"},
    },
    "allOf": [
        {
            "if": when("water"),
            "then": {
                "required": ["litres"],
                "properties": {
                    "litres": {"type": "number", "minimum": 0, "title": "Litres"},
                    "source": {"$ref": "#/$defs/source"},
                    "tank": {
                        "type": "object",
                        "title": "Tank",
                        "properties": {"name": {"type": "string", "title": "Tank name"}, "cleaned": {"format": "date"}},
                    },
                },
            },
        },
        {
            "if": when("gas"),
            "then": {"required": ["pressure"], "properties": {"pressure": {"type": "string", "title": "Pressure"}}},
        },
    ],
    "dependentSchemas": {
        "invoice": {
            "required": ["address"],
            "properties": {
                "address": {
                    "type": "object",
                    "title": "Billing address",
                    "required": ["zip"],
                    "properties": {
                        "zip": {"type": "string", "title": "Zip"},
                        "city": {"type": "string", "title": "City"},
                    },
                }
            },
        }
    },
    "$defs": {"source": {"enum": ["river", "tap"], "title": "Source"}},
}


@pytest.fixture
def event_type(app: RunningApp) -> Iterator[str]:
    """An event of the demo's first tenant with that schema, gone afterwards."""
    with own_event(app, "METER_READ", schema=SCHEMA):
        yield "METER_READ"


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=re.compile(f"^{name}"))


def type_into(page: Page, name: str, text: str) -> None:
    expect(field(page, name)).to_be_editable()
    settled(page)
    field(page, name).fill(text)
    field(page, name).press("Tab")
    settled(page)


def pick(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(page.get_by_role("button", name=name, exact=True)).click()
    settled(page)


def test_a_field_comes_with_its_condition_and_keeps_what_was_typed(page: Page, event_type: str) -> None:
    page.goto(f"/simulate?eventType={event_type}")
    expect(page.get_by_role("heading", name=re.compile("Simulate Meter Read"))).to_be_visible()
    page.get_by_role("button", name="Fill with").click()
    page.get_by_text("Empty payload").click()
    expect(field(page, "Meter")).to_have_value("")
    expect(field(page, "Litres")).to_have_count(0)
    pick(page, "water")
    expect(field(page, "Litres")).to_be_visible()
    expect(field(page, "Pressure")).to_have_count(0)
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Not sent")).to_be_visible()
    picture(page, "1-asked-for")
    type_into(page, "Litres", "12.50")
    page.get_by_text("Tank · not set").click()
    type_into(page, "Tank name", "North")
    pick(page, "tap")
    pick(page, "gas")
    expect(field(page, "Litres")).to_have_count(0)
    expect(field(page, "Tank name")).to_have_count(0)
    type_into(page, "Pressure", "high")
    type_into(page, "Invoice", "R-1")
    type_into(page, "Zip", "53111")
    picture(page, "2-flipped")
    pick(page, "water")
    expect(field(page, "Litres")).to_have_value("12.50")
    expect(field(page, "Tank name")).to_have_value("North")
    expect(field(page, "Pressure")).to_have_count(0)
    picture(page, "3-flipped-back")
    pick(page, "JSON")
    written = page.get_by_role("textbox", name="Payload as JSON")
    expect(written).not_to_have_value("")
    shown = written.input_value()
    assert json.loads(shown) == {
        "kind": "water",
        "invoice": "R-1",
        "litres": 12.5,
        "source": "tap",
        "tank": {"name": "North"},
        "address": {"zip": "53111"},
    }
    assert "12.50" in shown
    page.set_viewport_size({"width": 390, "height": 844})
    pick(page, "Form")
    expect(field(page, "Zip")).to_have_value("53111")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_a_field_says_its_error_until_it_is_mended(page: Page, event_type: str) -> None:
    page.goto(f"/simulate?eventType={event_type}")
    expect(page.get_by_role("heading", name=re.compile("Simulate Meter Read"))).to_be_visible()
    page.get_by_role("button", name="Fill with").click()
    page.get_by_text("Empty payload").click()
    expect(field(page, "Meter")).to_have_value("")
    settled(page)
    pick(page, "gas")
    expect(field(page, "Pressure")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Not sent")).to_be_visible()
    pressure, meter = field(page, "Pressure"), field(page, "Meter")
    expect(pressure).to_have_accessible_description(re.compile("is missing"))
    expect(pressure).to_have_attribute("aria-invalid", "true")
    expect(meter).to_have_accessible_description("")
    type_into(page, "Pressure", "high")
    expect(pressure).to_have_accessible_description("")
    expect(pressure).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("[class*=-form]:has([aria-label^=Pressure]) :focus"), "the cursor went on").to_have_count(1)
