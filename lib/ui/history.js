// One entry in the browser's history for what a person did. Streamlit makes one whenever a parameter changes, also for
// the page that is being left, its filters gone, and when a page completes its own URL: Back would lead to those. And
// it makes none for a filter that is bound to the URL: Back would leave the page.
(() => {
  if (window.oneEntryEach) return;
  window.oneEntryEach = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const settles = 3000; // milliseconds within which a change of the URL belongs to the one before
  let clicked = false;
  let last = performance.now();
  const changed = () => {
    clicked = false;
    last = performance.now();
  };
  document.addEventListener("click", () => { clicked = true; }, true);
  window.addEventListener("popstate", changed, true);
  history.pushState = (state, title, url) => {
    const follows = !clicked && performance.now() - last < settles;
    changed();
    (follows ? replace : push)(state, title, url);
  };
  history.replaceState = (state, title, url) => {
    const differs = url != null && new URL(url, location.href).href !== location.href;
    if (!clicked || !differs) return replace(state, title, url);
    changed();
    push(state, title, url);
  };
})();
