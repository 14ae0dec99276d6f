"""The main tasks without a mouse: simulate an event and open its run; attach a new workflow and publish it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import act_as, settled
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

# What has the focus, also inside a component: its kind and its name.
FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const name = at?.getAttribute('aria-label') || at?.labels?.[0]?.textContent || at?.textContent || '';
  return [at?.tagName ?? '', name.trim()];
}"""
# Whether what has the focus, or what is around it, looks otherwise without it.
SEEN = """async () => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const around = [at];
  while (around.length < 4 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
  const looks = async () => {
    for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
    const styles = () => around.flatMap(one => ['', '::after'].map(part => getComputedStyle(one, part)));
    styles().map(style => style.outline + style.borderColor);
    for (const moving of document.getAnimations()) if (moving instanceof CSSTransition) moving.finish();
    const told = style => [style.outline, style.boxShadow, style.borderColor, style.backgroundColor];
    return JSON.stringify(styles().map(told));
  };
  const focused = await looks();
  at.blur();
  const blurred = await looks();
  if (at.getRootNode().activeElement === at) return true; // a dialog does not let go of it
  at.focus();
  return focused !== blurred;
}"""
MOST_STEPS = 150


def focused(page: Page) -> tuple[str, str]:
    tag, name = page.evaluate(FOCUSED)
    return tag, name


def walk(page: Page, name: str, *, key: str = "Tab", tag: str = "") -> None:
    """Press the key until what has this name, and is of this kind, has the focus, and is seen to have it."""
    walked = []
    for _ in range(MOST_STEPS):
        page.keyboard.press(key)
        at, said = focused(page)
        walked.append(said[:40])
        if re.search(name, said) and at.startswith(tag):
            assert page.evaluate(SEEN), f"one does not see that {said} has the focus"
            return
    raise AssertionError(f"{name} is not among {walked}")


def press(page: Page) -> None:
    page.keyboard.press("Enter")
    settled(page)


def test_an_event_is_simulated_and_its_run_opened(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("list", name="Events")).to_be_visible()
    settled(page)
    walk(page, "^Search events", tag="INPUT")
    page.keyboard.type("ticket created")
    expect(page.get_by_text("Showing 1 to 2 of 2 results")).to_be_visible()
    settled(page)
    walk(page, "^Ticket Created", tag="A")
    walk(page, "^Simulate Ticket Created", tag="BUTTON")
    press(page)
    expect(page.get_by_role("heading", name=re.compile("Simulate Ticket Created"))).to_be_visible()
    settled(page)
    walk(page, "^ticketId", tag="INPUT")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("5a7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a9")
    walk(page, "Send event", tag="BUTTON")
    press(page)
    expect(page.get_by_text("Event sent")).to_be_visible()
    # As many as there are workflows by now: other journeys attach and detach some.
    expect(page.get_by_role("link", name=re.compile("Succeeded")).first).to_be_visible(timeout=60_000)
    settled(page)
    walk(page, "Succeeded", tag="A")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Run id")).to_be_visible()


def test_a_workflow_is_attached_and_published(page: Page) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.goto("/?q=asset+assigned")
    expect(page.get_by_role("list", name="Events")).to_be_visible()
    settled(page)
    walk(page, "^Attach a workflow to Asset Assigned", tag="BUTTON")
    press(page)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_visible()
    settled(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wait_for(lambda: focused(page)[1].startswith("Attach a workflow to"), 15)  # where one was
    press(page)
    settled(page)
    walk(page, "^Name", tag="INPUT")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Told by keys")
    walk(page, "Create and open designer", tag="BUTTON")
    press(page)
    expect(page.get_by_role("heading", name="Told by keys")).to_be_visible()
    settled(page)
    walk(page, "^(bolt)?Trigger$")
    page.keyboard.press("ArrowRight")
    if "Steps" not in focused(page)[1]:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Steps")).to_be_checked()
    settled(page)
    walk(page, "Add step", tag="BUTTON")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    for _ in range(20):
        if "Write log" in focused(page)[1]:
            break
        page.keyboard.press("ArrowDown")
    press(page)
    expect(page.get_by_text("Valid. Ready to be published.")).to_be_visible()
    settled(page)
    walk(page, "Publish v1", key="Shift+Tab", tag="BUTTON")
    press(page)
    expect(dialog.get_by_role("textbox", name="Change note")).to_be_visible()
    settled(page)
    walk(page, "^Change note")
    page.keyboard.type("By keys")
    walk(page, "Publish$", tag="BUTTON")
    press(page)
    expect(page.get_by_role("heading", name=re.compile("Told by keys v1"))).to_be_visible()
