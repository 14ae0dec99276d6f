// Screen readers are told words, not drawings: an icon in a text would be read by its name in the font, such as
// “rocket_launch icon”, and the marks of a chart's selections have none. The words beside an icon say what it means.
// A popover is named by the label of its button, whose words out of sight are marked with asterisks (decision 0108).
// And a field is told to be wrong by the errors below it.
(() => {
  const drawn = '[role=img][aria-label$=" icon"][translate=no], [role=graphics-symbol]:not([aria-label])';
  const fields = "input, textarea, [role=radiogroup]";
  let made = 0;
  const hide = () => document.querySelectorAll(drawn).forEach((one) => {
    if (!one.ariaHidden) one.ariaHidden = "true";
  });
  const name = () => document.querySelectorAll('[role=dialog][aria-label^="*"]').forEach((one) => {
    one.ariaLabel = one.ariaLabel.replace(/^\*(.*)\*$/, "$1");
  });
  const tie = () => {
    const told = new Map(); // the errors of each field
    for (const errors of document.querySelectorAll('[class*="st-key-field-errors"]')) {
      errors.id ||= `field-errors-${++made}`;
      const field = (errors.closest("[data-testid=stLayoutWrapper]") ?? errors).previousElementSibling;
      if (!field || field.querySelector("details")) continue; // a part of several fields
      for (const one of field.querySelectorAll(fields)) told.set(one, errors.id);
    }
    for (const one of document.querySelectorAll("[data-errors]")) {
      if (told.has(one)) continue;
      for (const name of ["data-errors", "aria-describedby", "aria-invalid"]) one.removeAttribute(name);
    }
    for (const [one, id] of told) {
      one.dataset.errors = id;
      one.setAttribute("aria-describedby", id);
      one.setAttribute("aria-invalid", "true");
    }
  };
  const look = () => { hide(); name(); tie(); };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
})();
