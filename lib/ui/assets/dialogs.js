// What the keyboard does about dialogs. Enter in a field of one does what the dialog is for. And the focus is never lost:
// it stays in a dialog whose content changes, and goes back to where one was when the dialog is gone.
// What keeps a dialog from doing it is said below its buttons, and what a drawer asks may be below the screen, too: both
// come into view.
(() => {
  const dialog = "[data-testid=stDialog] [role=dialog]";
  const aside = "[role=dialog], [role=menu], [role=listbox]"; // what is gone before one comes back
  const acts = '[class*="st-key-acts-of-"]';
  const field = "[data-testid=stTextInput] input:not([role=combobox])";
  const waits = 5000; // milliseconds that the page may take to be drawn after a dialog
  let opener = null; // what had the focus before the dialog,
  let key = ""; //      the key of the widget that it is in,
  let until = 0; //     and until when it is waited for; for as long as a dialog has the focus

  // What one sees is drawn anew by then, or is as it was.
  const back = () => {
    const again = opener?.isConnected ? opener : key && document.querySelector(`.${key} :is(button, a, input)`);
    again?.focus();
  };
  const look = () => {
    // Asked whenever the page changes, so the cheapest comes first.
    if (!until || document.activeElement !== document.body) return;
    const shown = document.querySelector(dialog);
    if (shown) return shown.focus();
    if (until === Infinity) until = performance.now() + waits;
    if (performance.now() < until) back();
    else until = 0;
  };
  document.addEventListener("focusin", ({ target }) => {
    if (target.closest(dialog)) until = Infinity;
    if (target.closest(aside)) return;
    until = 0;
    opener = target;
    const classes = target.closest('[class*="st-key-"]')?.classList ?? [];
    key = [...classes].find((one) => one.startsWith("st-key-")) ?? "";
  });
  document.addEventListener("pointerdown", () => { until = 0; }, true);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });

  const refusal = "[data-testid=stAlertContentError]";
  const question = '[class*="st-key-question-of-"]';
  // Its buttons are drawn last.
  const buttons = (node) => (node.matches?.(acts) ? node : node.querySelector?.(acts));
  const asked = (nodes) => [...nodes].map(buttons).find(Boolean)?.closest(question);
  let pressed = -waits; // when something was pressed in a dialog
  const heed = ({ target }) => { if (target.closest?.(dialog)) pressed = performance.now(); };
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, heed, true);
  new MutationObserver((changes) => {
    if (performance.now() - pressed > waits) return;
    for (const { target, addedNodes } of changes) {
      if (!addedNodes.length || !target.closest?.(dialog)) continue;
      const shown = target.querySelector(refusal) ?? asked(addedNodes);
      shown?.scrollIntoView({ block: "nearest" });
    }
  }).observe(document.body, { childList: true, subtree: true });

  document.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat);
    if (event.key !== "Enter" || !plain || event.isComposing || !event.target.matches(field)) return;
    const follows = (one) => event.target.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
    const ends = [...(event.target.closest("[role=dialog]")?.querySelectorAll(acts) ?? [])].find(follows);
    const act = ends && [...ends.querySelectorAll("button")].at(-1);
    if (act) setTimeout(() => act.click()); // the field has told what it holds by then
  });
})();
