// One entry in the browser's history for what a person did. Streamlit makes one whenever a parameter changes, also for
// the page that is being left, its filters gone, and when a page completes its own URL: Back would lead to those. And it
// makes none when a widget that is bound to a parameter changes it: Back would leave the page, its filters and all.
(() => {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const settles = 3000; // milliseconds within which a change of the URL belongs to the one before
  let acted = false;
  let last = Infinity; // what changes before anybody did anything is the page's own
  const changed = () => {
    acted = false;
    last = performance.now();
  };
  document.addEventListener("click", () => { acted = true; }, true);
  document.addEventListener("keydown", (event) => {
    acted ||= event.key === "Enter";
    if (last === Infinity && event.target.matches?.("input, textarea")) last = -settles;
  }, true);
  window.addEventListener("popstate", changed, true);
  history.pushState = (state, title, url) => {
    const follows = !acted && performance.now() - last < settles;
    changed();
    (follows ? replace : push)(state, title, url);
  };
  history.replaceState = (state, title, url) => {
    const differs = url && new URL(url, location).href !== location.href;
    if (differs && acted) {
      changed();
      push(state, title, url);
    } else replace(state, title, url);
  };
})();
