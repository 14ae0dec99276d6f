// Streamlit's own links to pages name no tenant: in another tab they would open in whichever comes first. So each is
// given that of this tab before anybody can open it, by the mouse, by its menu or from the keyboard.
(() => {
  const name = (event) => {
    const link = event.target.closest?.("[data-testid=stSidebarNavLink]");
    const tenant = new URLSearchParams(location.search).get("tenant");
    if (!link || !tenant) return;
    const address = new URL(link.href);
    address.searchParams.set("tenant", tenant);
    if (link.href !== address.href) link.href = address.href;
  };
  for (const kind of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(kind, name, true);
})();
