// On a narrow screen the sidebar lies over the page. Streamlit remembers that it was opened, and would open it again over
// each page that is loaded after it.
(() => {
  window.addEventListener("pagehide", () => {
    if (!window.matchMedia("(max-width: 768px)").matches) return;
    try {
      const kept = Object.keys(localStorage).filter((key) => key.startsWith("stSidebarCollapsed"));
      kept.forEach((key) => localStorage.removeItem(key));
    } catch {} // nothing is kept where the browser keeps nothing
  });
})();
