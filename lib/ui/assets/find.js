// “/” opens the box that finds anything, as Ctrl-K does by its button, and the box has the cursor once it is there.
// In the box, Enter opens the first thing found; the arrow keys go down the list and up again.
(() => {
  const waits = 30_000; // milliseconds that the box, or what it finds, may take to be drawn
  const holds = 1000; // milliseconds for which the dialog may still take the cursor to itself
  const box = () => document.querySelector(".st-key-find-text input");
  const found = () => [...document.querySelectorAll("[class*='st-key-found-'] :is(button, a)")];
  const foundFor = () => document.querySelector("[data-found-for]")?.dataset.foundFor;
  let until = 0; // when we stop looking for the box
  let kept = 0; // since when the box has had the cursor
  let opens = 0; // until when Enter waits for the list to be that of what was written
  const follow = () => {
    const now = performance.now();
    const held = document.activeElement;
    // The dialog takes the cursor to its frame or its cross. Whoever goes to what was found keeps it.
    if (found().includes(held)) until = 1;
    if (!box() || held !== box()) kept = 0;
    if (box() && !kept && until > now) {
      box().focus();
      kept = now;
    }
    if (now < until && !(kept && now - kept > holds)) setTimeout(follow, 50);
    else until = 0;
  };
  const look = () => {
    const looks = until > 0;
    until = performance.now() + waits;
    kept = 0;
    if (!looks) follow();
  };
  const open = () => {
    const there = box() && box().value === foundFor();
    if (there) found()[0]?.click();
    if (there || !box() || performance.now() > opens) opens = 0;
    else if (opens) setTimeout(open, 50);
  };
  const step = (event) => {
    const places = [box(), ...found()];
    const at = places.indexOf(document.activeElement);
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    if (!places[0] || at < 0 || !places[next]) return;
    event.preventDefault();
    places[next].focus();
  };
  const leave = (event) => {
    if (until && (event.type === "pointerdown" || event.key === "Tab" || event.key === "Escape")) until = 1;
  };
  document.addEventListener("pointerdown", leave, true);
  document.addEventListener("keydown", leave, true);
  document.addEventListener("keydown", (event) => {
    const button = document.querySelector(".st-key-find-anything button");
    const writes = event.target.closest("input, textarea, select, [contenteditable=true], [role=textbox]");
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    if (event.key === "/" && plain && !writes && button) {
      event.preventDefault();
      button.click();
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") look();
    else if (plain && (event.key === "ArrowDown" || event.key === "ArrowUp")) step(event);
    else if (plain && event.target === box()) {
      if (event.key === "Enter" && !event.isComposing) {
        const already = opens > 0;
        opens = performance.now() + waits;
        if (!already) open();
      } else opens = 0;
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".st-key-find-anything")) look();
  });
})();
