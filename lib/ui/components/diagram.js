// Draws a workflow: its nodes as HTML, one list below the other, and the lines between them behind. Everything is made
// of text nodes and attributes, so nothing that a step says is read as markup. A node that is pressed is said to
// Python, and the page is scrolled to where it shows that step.
const SVG = "http://www.w3.org/2000/svg";
const TURN = 7; // how round a line turns
const PATIENCE = 10_000; // milliseconds until the page has drawn what was chosen
const states = new WeakMap();

export default function draw({ data, parentElement, setTriggerValue }) {
  let state = states.get(parentElement);
  if (!state) {
    state = { said: "" };
    states.set(parentElement, state);
    listen(parentElement, state);
  }
  state.data = data;
  state.choose = (path) => setTriggerValue("choose", path);
  const flow = parentElement.querySelector(".flow");
  const said = JSON.stringify(data);
  if (state.said !== said) {
    state.said = said;
    const focused = parentElement.activeElement?.dataset.path;
    fill(flow, data);
    if (focused) nodeAt(parentElement, focused)?.focus({ preventScroll: true });
    bringIntoView(flow);
  }
  const lines = () => connect(flow, data.edges);
  lines();
  const watch = new ResizeObserver(lines);
  watch.observe(flow);
  watch.observe(flow.querySelector(".nodes"));
  return () => watch.disconnect();
}

function fill(flow, data) {
  const isPressable = Object.keys(data.places).length > 0;
  flow.setAttribute("role", isPressable ? "navigation" : "group");
  flow.setAttribute("aria-label", data.label);
  if (isPressable) flow.removeAttribute("tabindex");
  else flow.tabIndex = 0; // what scrolls can be scrolled by keys, too
  flow.querySelector(".nodes").replaceChildren(list(data.nodes, data));
}

function list(nodes, data) {
  return el("ol", { role: "list" }, ...nodes.map((node) => item(node, data)));
}

function item(node, data) {
  const made = el("li", {}, drawn(node, data));
  if (!node.lanes.length) return made;
  const lanes = node.lanes.map(({ before, nodes, again }) => {
    const lane = el("div", { class: "lane" }, words(before));
    if (nodes.length) lane.append(list(nodes, data));
    if (again) lane.append(words(again));
    return lane;
  });
  const kind = node.way_out ? `lanes repeated ${node.shape}` : "lanes";
  made.append(el("div", { class: kind }, ...lanes));
  if (node.way_out) made.append(words(node.way_out));
  return made;
}

function drawn(node, { places, selected }) {
  const isButton = node.path in places;
  const look = `node ${node.shape} ${node.color ?? ""}`;
  const tells = [node.title, node.below, ...node.marks.map((mark) => mark.words)].filter(Boolean);
  const made = el(isButton ? "button" : "div", { class: look, "data-id": node.id, title: tells.join("\n") });
  if (isButton) {
    made.type = "button";
    made.dataset.path = node.path;
    if (node.path === selected) made.setAttribute("aria-current", "true");
  }
  if (node.icon) made.append(icon(node.icon));
  const said = el("span", { class: "words" }, el("b", { dir: "auto" }, node.title));
  if (node.below) said.append(" ", el("small", { dir: "auto" }, node.below));
  made.append(said);
  for (const mark of node.marks) {
    made.append(el("span", { class: `mark ${mark.color}` }, icon(mark.icon), el("span", { class: "unseen" }, `, ${mark.words}`)));
  }
  return made;
}

function words({ id, words: said }) {
  return el("span", { class: "line", "data-id": id }, said);
}

function icon(name) {
  return el("span", { class: "icon", "aria-hidden": "true" }, name);
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children);
  return node;
}

// The lines from the middle below one to the middle above the other. Far from each other they turn just before the end,
// so that a line from a short branch passes beside the longer one.
function connect(flow, edges) {
  const canvas = flow.querySelector(".canvas").getBoundingClientRect();
  const boxes = new Map([...flow.querySelectorAll("[data-id]")].map((one) => [Number(one.dataset.id), one.getBoundingClientRect()]));
  const targets = new Set();
  const shapes = edges.flatMap(([from, to]) => {
    const [a, b] = [boxes.get(from), boxes.get(to)];
    const [x, y] = [a.left + a.width / 2 - canvas.left, a.bottom - canvas.top];
    const [right, down] = [b.left + b.width / 2 - canvas.left, b.top - canvas.top];
    targets.add(`${right},${down}`);
    return [shape({ d: between(x, y, right, down) })];
  });
  const heads = [...targets].map((at) => shape({ class: "head", d: `M${at}l-4,-6h8z` }));
  flow.querySelector("svg").replaceChildren(...shapes, ...heads);
}

function between(x, y, right, down) {
  const aside = right - x;
  const end = down - 4;
  if (Math.abs(aside) < 1) return `M${x},${y}V${end}`;
  const turn = Math.min(TURN, Math.abs(aside) / 2, (down - y) / 3);
  const way = Math.sign(aside) * turn;
  const level = down - 11;
  return `M${x},${y}V${level - turn}q0,${turn} ${way},${turn}H${right - way}q${way},0 ${way},${turn}V${end}`;
}

function shape(attributes) {
  const path = document.createElementNS(SVG, "path");
  for (const [attribute, value] of Object.entries(attributes)) path.setAttribute(attribute, value);
  return path;
}

function nodeAt(root, path) {
  return [...root.querySelectorAll("button.node")].find((one) => one.dataset.path === path);
}

// A diagram that is wider than its frame begins with its middle, or with what is chosen.
function bringIntoView(flow) {
  const chosen = flow.querySelector("[aria-current]") ?? flow.querySelector(".node");
  const [frame, box] = [flow.getBoundingClientRect(), chosen.getBoundingClientRect()];
  if (box.left < frame.left || box.right > frame.right) flow.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
}

function listen(root, state) {
  root.addEventListener("click", (event) => {
    const { path } = event.target.closest("button.node")?.dataset ?? {};
    if (!path) return;
    state.choose(path);
    lead(state.data.places[path], state.data.isReadOnly);
  });
  root.addEventListener("keydown", (event) => {
    const here = event.target.closest("button.node");
    if (!here || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const next = beside(event.key, here, [...root.querySelectorAll("button.node")]);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

// The node that an arrow leads to: the nearest in that direction.
function beside(key, here, nodes) {
  if (key === "Home") return nodes[0];
  if (key === "End") return nodes.at(-1);
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
  if (!steps) return null;
  const middle = (one) => {
    const box = one.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(here);
  const found = nodes.flatMap((one) => {
    const [right, down] = middle(one);
    const ahead = (right - x) * steps[0] + (down - y) * steps[1];
    const aside = Math.abs((right - x) * steps[1]) + Math.abs((down - y) * steps[0]);
    return ahead > 1 ? [{ one, far: ahead + 2 * aside }] : [];
  });
  return found.sort((one, other) => one.far - other.far)[0]?.one;
}

// To where the page shows what was chosen: to its first field, or its button where nothing can be changed. While it is
// drawn, fields of what was there before may stand in that place, so each first field is followed until somebody acts.
function lead(place, isReadOnly) {
  const fields = isReadOnly ? "button" : "input:not([disabled]), textarea:not([disabled])";
  const over = new AbortController();
  let done = null;
  const go = () => {
    const shown = document.querySelector(`.${CSS.escape(place)}`);
    const first = shown?.querySelector(fields) ?? (isReadOnly ? shown : null);
    if (!first || first === done) return;
    done = first;
    const { top, bottom } = shown.getBoundingClientRect();
    shown.style.scrollMarginTop = "72px"; // below the page's own head
    if (top < 72 || bottom > innerHeight) shown.scrollIntoView({ block: "start" });
    first.focus({ preventScroll: true });
  };
  const watch = new MutationObserver(go);
  watch.observe(document.body, { childList: true, subtree: true });
  over.signal.addEventListener("abort", () => watch.disconnect());
  for (const act of ["pointerdown", "keydown", "wheel"]) {
    document.addEventListener(act, () => over.abort(), { capture: true, passive: true, signal: over.signal });
  }
  setTimeout(() => over.abort(), PATIENCE);
  go();
}
