// While the app does not answer, Streamlit's dialog asks whoever looks at the page to start Streamlit in a terminal. What
// they can know and do stands there instead. It closes by itself when the app answers again, and the page goes on.
(() => {
  const says =
    "This page comes back by itself as soon as it does, with what you have typed. " +
    "What you pressed last may not have been done: look before you press it again.";
  const look = () => {
    for (const title of document.querySelectorAll("[data-testid=stDialog] [role=dialog] > h2")) {
      if (title.textContent !== "Connection error") continue;
      const theirs = title.nextElementSibling;
      if (!theirs) continue;
      const ours = theirs.cloneNode(false);
      ours.textContent = says;
      title.textContent = "The app does not answer";
      theirs.style.display = "none";
      theirs.after(ours);
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
})();
