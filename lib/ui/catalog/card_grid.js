// Draws the catalog's entries as cards or as rows, and tells Python what was pressed. Everything is made of text nodes
// and attributes, so nothing that an entry says is read as markup. Entries that have not changed keep their nodes, and
// with them the focus.
const SVG = "http://www.w3.org/2000/svg";
const states = new WeakMap();
const places = new Map(); // how far each view was scrolled when it was left
let cameBack = false;
let told = ""; // the sight that the server knows of
window.addEventListener("popstate", () => { cameBack = true; });
document.addEventListener("click", () => { cameBack = false; }, true);
let made = 0;

export default function draw({ data, parentElement, setTriggerValue }) {
  let state = states.get(parentElement);
  if (!state) {
    state = { nodes: new Map(), act: null, at: null, opened: null };
    states.set(parentElement, state);
    listen(parentElement, state);
  }
  state.act = (name, value) => setTriggerValue("act", { name, value });
  const events = parentElement.querySelector(".events");
  parentElement.querySelector(".why").textContent = data.refusal ?? "";
  keepFocus(parentElement, () => {
    const kept = data.entries.map((entry) => nodeOf(state, entry, data));
    state.nodes = new Map(kept.map((one) => [one.key, one]));
    const list = frameOf(events, data);
    place(list, kept.map((one) => one.node));
  });
  returnFocus(parentElement, state, data);
  scroll(state, data);
  tellSight(data);
  return () => state.observer?.abort();
}

function nodeOf(state, entry, data) {
  const said = JSON.stringify([entry, data.view, data.refusal, data.columns]);
  const known = state.nodes.get(entry.type);
  if (known && known.said === said) return known;
  return { key: entry.type, said, node: data.view === "list" ? row(entry, data) : card(entry, data) };
}

// What holds the cards or the rows; the one that is there if it is of the kind, so that it keeps its scrolling.
function frameOf(events, data) {
  if (data.view !== "list") {
    let list = events.querySelector("ul.cards");
    if (!list) {
      list = el("ul", { class: "cards", role: "list", "aria-label": "Events" });
      events.replaceChildren(list);
    }
    return list;
  }
  let table = events.querySelector("table");
  if (!table) {
    table = el("table", { "aria-label": "Events" }, el("thead", {}, el("tr")), el("tbody"));
    events.replaceChildren(el("div", { class: "scrolled" }, table));
  }
  place(table.querySelector("thead tr"), stacked(data.columns, data.columns).map((those, n) => heading(those, table, n)));
  return table.querySelector("tbody");
}

// Makes these the children, and moves none that stands where it belongs.
function place(parent, nodes) {
  nodes.forEach((node, n) => {
    if (parent.children[n] !== node) parent.insertBefore(node, parent.children[n] ?? null);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}

function card(entry, data) {
  const id = `event-${++made}`;
  const [status, ...telling] = entry.badges;
  // The link is the name and lies over the whole face, so that what it is called is what it shows.
  const link = el("a", { class: "open", href: entry.href, "data-act": "open", "aria-describedby": `${id}-said` }, entry.name);
  const face = el(
    "div",
    { class: "face" },
    el("span", { class: "head" }, icon(entry.icon), el("h2", { dir: "auto", title: entry.name }, link)),
    el("span", { class: "kind" }, el("code", { title: entry.kind }, entry.kind), badge(status)),
    el("span", { class: "description" }, ...telling.map(badge), el("bdi", {}, entry.description)),
    el("span", { class: "figures" }, ...entry.figures.map(figure)),
    sparkline(entry),
    el("span", { hidden: "hidden", id: `${id}-said` }, entry.said),
  );
  const simulate = button("simulate", "Simulate", entry, data.refusal);
  const metrics = button("metrics", "Metrics", entry);
  const attach = button("attach", icon("add_link"), entry, data.refusal);
  attach.setAttribute("aria-label", `Attach a workflow to ${entry.name}`);
  attach.classList.add("square");
  if (!data.refusal) attach.title = "Attach a workflow";
  const workflows = el("span", { class: "workflows", title: entry.workflows }, icon("account_tree"), entry.attached);
  workflows.append(el("span", { class: "unseen" }, ` ${entry.workflows}`));
  return el("li", { class: "card", "data-type": entry.type }, face, el("div", { class: "foot" }, workflows, simulate, metrics, attach));
}

// What belongs to each column of the table: some of the columns stand below the one before.
function stacked(all, columns) {
  const stacks = [];
  all.forEach((one, n) => (columns[n].below ? stacks.at(-1).push(one) : stacks.push([one])));
  return stacks;
}

function row(entry, { columns }) {
  const link = el("a", { class: "open", href: entry.href, "data-act": "open", title: entry.name, dir: "auto" }, icon(entry.icon), entry.name);
  const [first, ...rest] = stacked([null, ...entry.cells], columns);
  const name = el("th", { scope: "row" }, link, ...first.slice(1).map((cell) => content(cell, entry)));
  const cells = rest.map((those) => el("td", { class: those[0].kind }, ...those.map((cell) => content(cell, entry))));
  return el("tr", { class: "card", "data-type": entry.type }, name, ...cells);
}

function content(cell, entry) {
  if (cell.kind === "trend") return entry.slices.length ? sparkline(entry) : "—";
  if (cell.kind === "state") return badge(cell);
  if (cell.kind === "code") return el("code", { title: cell.word }, cell.word);
  const said = el("span", { dir: "auto", title: cell.title ?? cell.word }, cell.word);
  if (cell.tone) said.classList.add("said", cell.tone);
  return said;
}

function heading(those, table, n) {
  const known = table.querySelector("thead tr").children[n];
  const said = JSON.stringify(those);
  if (known?.dataset.said === said) return known;
  const cell = el("th", { scope: "col", class: those[0].kind, "data-said": said });
  for (const column of those) {
    if (column.sorted) cell.setAttribute("aria-sort", column.sorted);
    cell.append(column.sort ? sorter(column) : el("span", { title: column.help ?? "" }, column.label));
  }
  return cell;
}

function sorter({ label, sort, sorted, help }) {
  const sorts = el("button", { type: "button", "data-act": "sort", "data-value": sort, title: help ?? "" }, label);
  if (sorted) sorts.classList.add("sorted");
  sorts.append(icon(sorted === "ascending" ? "arrow_upward" : "arrow_downward"));
  return sorts;
}

function figure({ word, label, tone, title }) {
  const shown = el("span", { class: "figure", title: title ?? "" }, el("b", { class: tone ? `said ${tone}` : "" }, word));
  shown.append(el("small", {}, label));
  return shown;
}

function badge({ word, tone, icon: name }) {
  return el("span", { class: `badge ${tone}` }, ...(name ? [icon(name)] : []), word);
}

function button(act, label, entry, refusal) {
  const pressed = el("button", { type: "button", "data-act": act }, label);
  if (act !== "attach") pressed.setAttribute("aria-label", `${pressed.textContent} ${entry.name}`);
  if (refusal) {
    pressed.setAttribute("aria-disabled", "true");
    pressed.setAttribute("aria-describedby", "why");
  }
  return pressed;
}

function icon(name) {
  return el("span", { class: "icon", "aria-hidden": "true" }, name);
}

function sparkline({ slices, color }) {
  const chart = document.createElementNS(SVG, "svg");
  const most = Math.max(...slices, 1);
  const points = slices.map((count, n) => `${((n * 100) / Math.max(slices.length - 1, 1)).toFixed(1)},${(34 - (count / most) * 31).toFixed(1)}`);
  const shapes = slices.length ? { polygon: `0,36 ${points.join(" ")} 100,36`, polyline: points.join(" ") } : {};
  for (const [attribute, value] of Object.entries({ class: "spark", viewBox: "0 0 100 36", preserveAspectRatio: "none", "aria-hidden": "true" })) {
    chart.setAttribute(attribute, value);
  }
  chart.style.color = color;
  for (const [kind, at] of Object.entries(shapes)) {
    const shape = document.createElementNS(SVG, kind);
    shape.setAttribute("points", at);
    chart.append(shape);
  }
  return chart;
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) if (value !== "") node.setAttribute(attribute, value);
  node.append(...children);
  return node;
}

function listen(root, state) {
  root.addEventListener("auxclick", passOn);
  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-act]");
    if (!pressed) passOn(event);
    if (!pressed || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (pressed.getAttribute("aria-disabled")) return tellWhy(root, pressed);
    const { act, value } = pressed.dataset;
    if (act === "attach") takeBack(pressed);
    state.act(act, value ?? pressed.closest(".card").dataset.type);
  });
  root.addEventListener("keydown", (event) => {
    const here = event.target.closest(".card");
    if (event.key === "Escape") root.querySelector(".why").hidden = true;
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = beside(event.key, here, [...root.querySelectorAll(".card")]);
    if (!next) return;
    event.preventDefault();
    next.querySelector(".open").focus();
  });
  root.addEventListener("focusin", (event) => {
    const pressed = event.target.closest("[aria-disabled]");
    if (pressed?.matches(":focus-visible")) tellWhy(root, pressed);
    else root.querySelector(".why").hidden = true;
  });
  root.addEventListener("focusout", () => { root.querySelector(".why").hidden = true; });
}

// What tells more under the mouse lies over the card's link: a click on it is one on the link.
function passOn(event) {
  if (event.target.closest("[data-act]") || event.button > 1) return;
  const { ctrlKey, metaKey, shiftKey, altKey, button } = event;
  const middle = button === 1; // opens another tab, as the key does
  const click = { bubbles: true, cancelable: true, ctrlKey: ctrlKey || middle, metaKey: metaKey || middle, shiftKey, altKey };
  event.target.closest(".face")?.querySelector(".open").dispatchEvent(new MouseEvent("click", click));
}

// The sentence that says why a button does nothing, above it.
function tellWhy(root, pressed) {
  const why = root.querySelector(".why");
  why.hidden = false;
  const frame = why.parentElement.getBoundingClientRect();
  const at = pressed.getBoundingClientRect();
  why.style.top = `${at.top - frame.top - why.offsetHeight - 6}px`;
  why.style.left = `${Math.max(0, Math.min(at.right - frame.left - why.offsetWidth, frame.width - why.offsetWidth))}px`;
}

// A dialog gives the focus back to what had it, but does not see into this component.
function takeBack(pressed) {
  let opened = false;
  const watch = new MutationObserver(() => {
    const isOpen = document.querySelector("[role=dialog]") !== null;
    const closed = opened && !isOpen;
    opened = isOpen;
    if (closed || !pressed.isConnected) watch.disconnect();
    if (closed) setTimeout(() => { if (document.activeElement === document.body) pressed.focus({ preventScroll: true }); }, 50);
  });
  watch.observe(document.body, { childList: true, subtree: true });
}

// The card that an arrow leads to; up and down to the nearest of the next line.
function beside(key, here, cards) {
  const at = cards.indexOf(here);
  if (key === "Home") return cards[0];
  if (key === "End") return cards.at(-1);
  if (key === "ArrowLeft" || key === "ArrowRight") return cards[at + (key === "ArrowLeft" ? -1 : 1)];
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const { top, left } = here.getBoundingClientRect();
  const boxes = cards.map((card) => ({ card, box: card.getBoundingClientRect() }));
  const beyond = boxes.filter(({ box }) => (key === "ArrowUp" ? box.top < top - 1 : box.top > top + 1));
  const far = ({ box }) => Math.abs(box.top - top) * 10_000 + Math.abs(box.left - left);
  return beyond.sort((one, other) => far(one) - far(other))[0]?.card;
}

// Moving a node takes the focus from it.
function keepFocus(root, change) {
  const focused = root.activeElement;
  change();
  if (focused?.isConnected) {
    if (root.activeElement !== focused) focused.focus({ preventScroll: true });
    return;
  }
  const card = focused?.closest(".card");
  const same = card && [...root.querySelectorAll(".card")].find((one) => one.dataset.type === card.dataset.type);
  same?.querySelector(`[data-act="${focused.dataset.act}"]`)?.focus({ preventScroll: true });
}

// The drawer has closed: back to the card that it was opened from, unless the focus is somewhere by then.
function returnFocus(root, state, { opened }) {
  const closed = state.opened;
  state.opened = opened;
  if (!closed || opened) return;
  const back = (tries) => {
    if (state.opened || !tries) return;
    if (document.querySelector("[role=dialog]")) return void setTimeout(back, 50, tries - 1);
    if (document.activeElement && document.activeElement !== document.body) return;
    const card = [...root.querySelectorAll(".card")].find((one) => one.dataset.type === closed);
    card?.querySelector(".open").focus({ preventScroll: true });
  };
  back(200);
}

// The rest of the page waits until the entries can be seen, which is after the next frame.
function tellSight({ sight }) {
  if (!sight || told === sight) return;
  told = sight;
  const tell = () => fetch(sight, { method: "POST" }).catch(() => {});
  requestAnimationFrame(() => setTimeout(tell));
}

// Another page begins at its top. Whoever comes back by the browser's button finds the view as far down as it was.
function scroll(state, { at }) {
  const main = document.querySelector("[data-testid=stMain]");
  if (!main) return;
  if (state.at === null && cameBack && places.has(at)) {
    returnTo(main, places.get(at));
  } else if (state.at !== null && state.at !== at) main.scrollTo({ top: 0 });
  state.at = at;
  if (state.observer) return;
  state.observer = new AbortController();
  main.addEventListener("scroll", () => { if (places.size < 100 || places.has(state.at)) places.set(state.at, main.scrollTop); }, { passive: true, signal: state.observer.signal });
}

// What stands below the entries comes after them, and only then the page may be long enough.
function returnTo(main, down) {
  const grows = new ResizeObserver(() => {
    main.scrollTo({ top: down });
    if (main.scrollTop > down - 1) grows.disconnect();
  });
  grows.observe(document.querySelector("[data-testid=stMainBlockContainer]"));
  for (const kind of ["wheel", "pointerdown", "keydown"]) window.addEventListener(kind, () => grows.disconnect(), { capture: true, once: true });
}
