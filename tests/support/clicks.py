"""How many clicks a task takes, as the browser counts them: each press of the mouse, whatever it hits.

Keys are not counted. A field that is typed into without the keyboard's help is clicked first.
"""

from __future__ import annotations

from playwright.sync_api import Page

# A tab may be told several times.
_COUNT = """
if (!window.countsPresses) {
  window.countsPresses = true;
  addEventListener("pointerdown", (press) => {
    if (press.isTrusted) sessionStorage.setItem("presses", Number(sessionStorage.getItem("presses") ?? 0) + 1);
  }, true);
}
"""


def count_clicks(page: Page) -> None:
    """Count the clicks in what this tab opens from now on."""
    page.add_init_script(_COUNT)


def clicks(page: Page) -> int:
    """The clicks so far, of which there have to be some."""
    counted = int(page.evaluate("Number(sessionStorage.getItem('presses') ?? 0)"))
    assert counted, "nothing is counted here"
    return counted
