// Two quick clicks on a button are one press: who clicks twice has not seen yet what came of the first. The second would
// be made on whatever stands there by then: the same button, which sends once more, or the one that undoes the first.
(() => {
  const pressed = '[data-testid^="stBaseButton"]:not([data-testid*="segmented"])';
  const once = (event) => {
    // The browser counts clicks at one place that follow each other quickly. From the keyboard they are none.
    if (event.detail < 2 || !event.target.closest?.(pressed)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("click", once, true);
})();
