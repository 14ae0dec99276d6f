// Whom this tab acts as where no sign-in is configured, told to the page that is opened next: by a reload, or as a new
// tab. A cookie is written when that may be about to happen, so each tab goes on as its own person.
(() => {
  const keep = () => {
    const shown = document.querySelector("[data-acting-as]");
    if (shown) document.cookie = `acting_as=${encodeURIComponent(shown.dataset.actingAs)}; path=/; SameSite=Lax`;
  };
  for (const moment of ["pagehide", "visibilitychange", "blur", "pointerdown", "keydown"]) addEventListener(moment, keep, true);
})();
